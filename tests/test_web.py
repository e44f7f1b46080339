"""The folder that shows a network in a browser: its files, and itself in Chromium."""

import http.server
import os
import shutil
import threading
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from helpers.browser import SCHEMES, WIDTHS, check_fits, new_page, tabbed
from helpers.colour_network import BLUE, CLASSES, GREEN, RED, ColourEngine, picture
from helpers.exported import colour_facts, write_onnx
from segnet.cli import main
from segnet.export import UnprovenExportError, onnxruntime_web
from segnet.export.onnxruntime_web import ARCHIVE, FILES
from segnet.export.web import TEMPLATES, write_web
from segnet.predict import Predictor
from test_orientation import exif

SIZE = (64, 96)
IDS = np.array([[RED, GREEN, BLUE], [GREEN, BLUE, RED]])
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def runtime() -> Path:
    """The archive of onnxruntime-web."""
    try:
        return onnxruntime_web._cached()
    except FileNotFoundError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def network(tmp_path_factory) -> Path:
    """Takes 64x96; a class is the strongest colour, the confidence how strong."""
    pytest.importorskip("onnx", reason="onnx is optional")
    return write_onnx(tmp_path_factory.mktemp("network") / "colours.onnx", size=SIZE)


@pytest.fixture(scope="module")
def folder(network, runtime, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("web") / "page"
    facts = colour_facts(SIZE, licence=HOSTILE, scores={"miou": 0.5, "split": "val"})
    return write_web(network, facts, out, runtime).parent


class Quiet(http.server.SimpleHTTPRequestHandler):
    # As servers that know no type of newer files.
    extensions_map = {"": "application/octet-stream", ".html": "text/html"}
    extensions_map |= {".js": "text/javascript", ".css": "text/css"}

    def log_message(self, *_):
        pass


@contextmanager
def served(folder: Path):
    """Serves a folder; the address."""
    handler = partial(Quiet, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="module")
def url(folder):
    with served(folder) as url:
        yield url


@pytest.fixture(scope="module")
def loaded(browser, url):
    """The page with its network, which takes seconds, and what it has said."""
    page, said = new_page(browser)
    page.goto(url)
    page.locator("#choose:enabled").wait_for()
    yield page, said
    page.close()


@pytest.fixture
def page(loaded):
    """The loaded page, as after the tests before; it says nothing in this one."""
    page, said = loaded
    page.set_viewport_size({"width": 1280, "height": 900})
    page.check("input[value=overlay]")
    page.fill("#strength", "50")
    yield page
    assert said == []


@pytest.fixture
def street(tmp_path) -> Path:
    """Six patches of 160x160 in pure colours."""
    path = tmp_path / "street.png"
    Image.fromarray(picture(IDS.repeat(160, 0).repeat(160, 1))).save(path)
    return path


def shown(page, path: Path) -> str:
    """Gives the page a file and returns what it says about it."""
    page.evaluate("document.getElementById('message').textContent = ''")
    page.set_input_files("#file", path)
    name = f"{path.name}, " if path.suffix in (".png", ".jpg") else path.name
    page.locator("#message", has_text=name).wait_for()
    return page.inner_text("#message")


def classes_at(page, places) -> list[str]:
    """Returns the class under the mouse at each (x, y) of the photograph."""
    page.locator("#picture:visible").wait_for()
    box = page.locator("#picture").bounding_box()
    width, height = page.evaluate(
        "[document.getElementById('picture').width, "
        "document.getElementById('picture').height]"
    )
    # A tall picture stands in the middle.
    scale = min(box["width"] / width, box["height"] / height)
    left = box["x"] + (box["width"] - width * scale) / 2
    found = []
    for x, y in places:
        page.mouse.move(left + (x + 0.5) * scale, box["y"] + (y + 0.5) * scale)
        text = page.inner_text("#pixel")
        assert text.endswith(f"at {x}, {y}")
        found.append(text.split(",")[0])
    return found


def test_a_picture_gets_the_classes_of_predict(page, street):
    assert shown(page, street) == "street.png, 480x320"
    engine = ColourEngine(SIZE, any_size=False, give_ids=True)
    seen = Predictor(engine, classes=CLASSES)(street)
    places = [(80, 80), (240, 80), (400, 80), (80, 240), (240, 240), (400, 240)]
    expected = [CLASSES.names[seen.ids[y, x]] for x, y in places]
    assert classes_at(page, places) == expected
    assert expected == ["red", "green", "blue", "green", "blue", "red"]
    shares = page.locator("#classes td:nth-child(2)").all_inner_texts()
    assert shares == [f"{100 * share:.1f} %" for share in seen.shares().values()]
    # The strongest values of COLOURS are 200, 220 and 180 of 255.
    sure = page.locator("#classes td:nth-child(3)").all_inner_texts()
    assert sure == ["78.4 %", "86.3 %", "70.6 %"]


def colour_at(page, x: int, y: int) -> list[int]:
    """Returns the colour that the picture shows; read from a copy, as browsers ask."""
    return page.evaluate(
        """([x, y]) => {
        const copy = document.createElement("canvas").getContext("2d",
          { willReadFrequently: true });
        copy.drawImage(document.getElementById("picture"), -x, -y);
        return [...copy.getImageData(0, 0, 1, 1).data].slice(0, 3); }""",
        [x, y],
    )


def test_each_view_shows_its_colours(page, street):
    shown(page, street)
    assert colour_at(page, 80, 80) == pytest.approx([228, 20, 6], abs=1)
    for view, colour in {
        "classes": list(CLASSES.colours[RED]),
        "confidence": [200, 200, 200],
        "photograph": [200, 40, 10],
    }.items():
        page.check(f"input[value={view}]")
        assert colour_at(page, 80, 80) == colour
    page.check("input[value=overlay]")
    page.fill("#strength", "100")
    assert colour_at(page, 80, 80) == list(CLASSES.colours[RED])


def test_the_saved_picture_has_the_photographs_size(page, street):
    shown(page, street)
    page.check("input[value=classes]")
    with page.expect_download() as waiting:
        page.click("#save")
    assert waiting.value.suggested_filename == "classes.png"
    saved = np.asarray(Image.open(waiting.value.path()).convert("RGB"))
    assert saved.shape == (320, 480, 3)
    assert tuple(saved[80, 80]) == CLASSES.colours[RED]


def test_a_broken_file_gets_a_sentence_and_the_next_one_is_seen(page, street, tmp_path):
    for name, content in {
        "half.jpeg": b"\xff\xd8\xff\xe0" + bytes(100),
        "words.txt": b"no picture",
        "empty.gif": b"",
    }.items():
        path = tmp_path / name
        path.write_bytes(content)
        text = shown(page, path)
        assert text == (
            f"{name} is damaged, or no picture that this browser can read; JPEG, PNG "
            f"and WebP work in every browser."
        )
        assert page.locator("#message.problem").count() == 1
    assert shown(page, street) == "street.png, 480x320"
    assert page.locator("#message.problem").count() == 0


def test_a_photograph_is_turned_upright(page, tmp_path):
    path = tmp_path / "turned.jpg"
    stored = Image.fromarray(picture(IDS.repeat(160, 0).repeat(160, 1)))
    stored.save(path, exif=exif(6), quality=95, subsampling=0)
    assert shown(page, path) == "turned.jpg, 320x480"
    # Orientation 6: the stored rows run from top right downwards.
    assert classes_at(page, [(80, 80), (240, 80), (240, 400)]) == [
        "green",
        "red",
        "blue",
    ]


def test_a_dropped_file_is_seen(page, street):
    data = page.evaluate_handle(
        """bytes => { const data = new DataTransfer();
        data.items.add(new File([new Uint8Array(bytes)], "dropped.png"));
        return data; }""",
        list(street.read_bytes()),
    )
    page.dispatch_event("#drop", "drop", {"dataTransfer": data})
    page.locator("#message", has_text="dropped.png, 480x320").wait_for()
    nothing = page.evaluate_handle("new DataTransfer()")
    page.dispatch_event("#drop", "drop", {"dataTransfer": nothing})
    page.locator("#message.problem", has_text="No file was dropped").wait_for()


def test_the_camera_runs_until_it_is_stopped(page):
    page.click("#camera")
    # Chromium's own camera is a green picture.
    page.locator("#picture[aria-label^='Seen: green']").wait_for()
    assert classes_at(page, [(3, 3)]) == ["green"]
    page.click("text=Stop the camera")
    page.locator("text=Use the camera").wait_for()


def test_a_refused_camera_gets_a_sentence(page):
    page.evaluate(
        """() => { navigator.mediaDevices.getUserMedia = async () => {
        throw new DOMException("Permission denied", "NotAllowedError") }; }"""
    )
    page.click("#camera")
    page.locator("#message.problem").wait_for()
    page.evaluate("delete navigator.mediaDevices.getUserMedia")
    assert page.inner_text("#message") == (
        "The camera cannot be used: Permission denied."
    )


def test_the_keyboard_reaches_everything_in_order(page):
    page.click("#example")
    page.locator("#message", has_text="Example street, 640x480").wait_for()
    assert tabbed(page, 8) == [
        *("choose", "camera", "example", "picture"),
        *("view", "strength", "save", "SUMMARY"),
    ]
    page.focus("#picture")
    page.keyboard.press("ArrowDown")
    assert page.inner_text("#pixel").endswith("at 320, 251")
    page.keyboard.press("ArrowLeft")
    assert page.inner_text("#pixel").endswith("at 309, 251")


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_fits(page, street, width, scheme):
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    shown(page, street)
    page.evaluate("document.querySelector('details').open = true")
    assert HOSTILE in page.inner_text("dl")
    assert "50.0 %" in page.inner_text("dl")
    check_fits(page, width)


def test_a_page_opened_as_a_file_says_what_to_do(browser, folder):
    page, said = new_page(browser)
    page.goto((folder / "index.html").as_uri())
    assert page.inner_text("#message").endswith("python -m http.server")
    assert page.locator("#choose:disabled").count() == 1
    page.close()
    assert said == []


def test_a_damaged_network_gets_a_sentence(browser, url, folder, network):
    (folder / "model.onnx").write_bytes(b"no network")
    page, _ = new_page(browser)
    page.goto(url)
    page.locator("#message.problem", has_text="cannot be loaded").wait_for()
    page.close()
    shutil.copy(network, folder / "model.onnx")


@pytest.fixture(scope="module")
def small(browser, runtime, tmp_path_factory):
    """A page of shipped weights as `segnet export` makes it, and its folder."""
    pytest.importorskip("tf2onnx", reason="tf2onnx is optional")
    out = tmp_path_factory.mktemp("export") / "page"
    command = ["export", "slim_camvid11", "--format", "web", "--size", "128", "160"]
    command += ["--out", str(out), "--onnxruntime-web", str(runtime)]
    assert main(command) == 0
    with served(out) as url:
        page, said = new_page(browser)
        page.goto(url)
        page.locator("#choose:enabled").wait_for()
        yield page, out
        page.close()
        assert said == []


def test_an_exported_network_sees_a_street_as_predict_does(small):
    page, out = small
    street = out / "example.jpg"
    shown(page, street)
    seen = Predictor(out / "model.onnx")(street)
    names = seen.class_map.names
    # Sky, the car in front, and the road.
    places = [(250, 20), (310, 240), (150, 430)]
    expected = [names[seen.ids[y, x]] for x, y in places]
    assert expected == ["Sky", "Car", "Road"]
    assert classes_at(page, places) == expected
    shares = page.locator("#classes td:nth-child(2)").all_inner_texts()
    for text, share in zip(shares, seen.shares().values(), strict=True):
        # Pillow rounds once more where it makes a picture much smaller.
        assert float(text.removeprefix("< ").removesuffix(" %")) == pytest.approx(
            100 * share, abs=0.3
        )
    assert "ms for 160x128 pixels" in page.inner_text("#speed")
    assert "slim_camvid11" in page.inner_text("h1")


# Without a browser.


def test_a_network_that_differs_leaves_no_page(package, tmp_path, monkeypatch):
    def fail(*_, **__):
        raise UnprovenExportError(report)

    report = SimpleNamespace(proof=SimpleNamespace(faults=["x"]), text=lambda: "faults")
    monkeypatch.setattr("segnet.export.web.export", fail)
    out = tmp_path / "page"
    command = ["export", "slim_camvid11", "--format", "web", "--out", str(out)]
    assert main([*command, "--onnxruntime-web", str(package)]) == 1
    assert os.listdir(tmp_path) == ["unpacked"]


def test_what_a_page_cannot_have_is_said_before_the_export(package, tmp_path, capsys):
    out = str(tmp_path / "page")
    command = ["export", "slim_camvid11", "--out", out, "--format"]
    assert main([*command, "web", "--outputs", "logits"]) == 2
    assert "needs classes,confidence for one image" in capsys.readouterr().err
    assert main([*command, "web", "--onnxruntime-web", "gone.tgz"]) == 2
    assert "gone.tgz: no such file; run 'npm pack" in capsys.readouterr().err
    assert main([*command, "onnx", "--onnxruntime-web", str(package)]) == 2
    assert "for --format web alone" in capsys.readouterr().err


@pytest.fixture
def package(tmp_path) -> Path:
    """Stands for an unpacked onnxruntime-web."""
    root = tmp_path / "unpacked"
    (root / "package" / "dist").mkdir(parents=True)
    version = f'{{"version": "{onnxruntime_web.VERSION}"}}'
    (root / "package" / "package.json").write_text(version)
    for number, name in enumerate(FILES):
        (root / "package" / name).write_bytes(bytes([number]))
    return root


def test_the_folder_holds_all_that_the_page_needs(network, package, tmp_path):
    out = tmp_path / "page"
    for _ in range(2):
        assert write_web(network, colour_facts(), out, package) == out / "index.html"
        found = {p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file()}
        assert found == {
            *("index.html", "page.css", "page.js", "worker.js", "example.jpg"),
            *("model.onnx", "onnxruntime/ort.wasm.bundle.min.js"),
            "onnxruntime/ort-wasm-simd-threaded.wasm",
        }
    assert (out / "model.onnx").read_bytes() == network.read_bytes()
    page = (out / "index.html").read_text()
    assert "default-src 'none'" in page and "connect-src 'self'" in page
    assert sorted(os.listdir(tmp_path)) == ["page", "unpacked"]
    with Image.open(TEMPLATES / "example.jpg") as example:
        assert example.size == (640, 480)


def test_a_folder_of_other_files_is_left_alone(network, package, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("years of work")
    with pytest.raises(OSError, match=r"mine: holds thesis.tex, which is no part"):
        write_web(network, colour_facts(), tmp_path / "mine", package)
    with pytest.raises(FileExistsError, match="a file is where a folder should be"):
        write_web(network, colour_facts(), tmp_path / "mine" / "thesis.tex", package)
    assert os.listdir(tmp_path / "mine") == ["thesis.tex"]


@pytest.mark.parametrize("more", [{"outputs": "logits"}, {"batch_size": 2}])
def test_only_a_file_of_classes_for_one_image_is_taken(network, tmp_path, more):
    with pytest.raises(ValueError, match="needs classes,confidence for one image, not"):
        write_web(network, colour_facts(**more), tmp_path / "page")
    with pytest.raises(FileNotFoundError, match="gone.onnx: no such file"):
        write_web(tmp_path / "gone.onnx", colour_facts(), tmp_path / "page")
    assert os.listdir(tmp_path) == []


def test_without_npm_the_way_out_is_named(network, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", "")
    with pytest.raises(FileNotFoundError, match="nor npm.*npm pack onnxruntime-web@"):
        write_web(network, colour_facts(), tmp_path / "page")
    assert os.listdir(tmp_path) == []


def npm_that(script: str, folder: Path, monkeypatch) -> None:
    folder.mkdir()
    (folder / "npm").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "npm").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))


def test_what_npm_says_is_passed_on(network, tmp_path, monkeypatch):
    script = "echo 'npm error code ENOTFOUND' >&2; exit 1"
    npm_that(script, tmp_path / "bin", monkeypatch)
    with pytest.raises(
        FileNotFoundError, match=r"\(code ENOTFOUND\).*--onnxruntime-web onnxruntime"
    ):
        write_web(network, colour_facts(), tmp_path / "page")
    assert os.listdir(tmp_path) == ["bin"]


def test_an_archive_of_other_bytes_is_refused(network, tmp_path, monkeypatch):
    npm_that(f"echo other > {ARCHIVE}", tmp_path / "bin", monkeypatch)
    with pytest.raises(ValueError, match=f"{ARCHIVE}: not onnxruntime-web 1.30.0"):
        write_web(network, colour_facts(), tmp_path / "page")
    with pytest.raises(
        FileNotFoundError, match="gone.tgz: no such file; run 'npm pack"
    ):
        write_web(network, colour_facts(), tmp_path / "page", tmp_path / "gone.tgz")
    assert os.listdir(tmp_path) == ["bin"]


def test_another_version_is_refused(network, package, tmp_path):
    (package / "package" / "package.json").write_text('{"version": "1.0.0"}')
    with pytest.raises(ValueError, match="onnxruntime-web 1.0.0, expected 1.30.0"):
        write_web(network, colour_facts(), tmp_path / "page", package)
    (package / "package" / "package.json").unlink()
    with pytest.raises(ValueError, match="no unpacked onnxruntime-web"):
        write_web(network, colour_facts(), tmp_path / "page", package)
