"""The page of `segnet demo`: its networks and answers, and itself in Chromium."""

import os
import re
import signal
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from helpers.browser import SCHEMES, WIDTHS, check_fits, new_page, tabbed
from helpers.colour_network import BLUE, CLASSES, GREEN, RED, colour_model, picture
from helpers.exported import colour_facts, write_onnx
from segnet.cli import main
from segnet.demo.answers import look
from segnet.demo.networks import Networks
from segnet.predict import Predictor
from segnet.runs.keras_file import save_model

IDS = np.array([[RED, GREEN, BLUE], [GREEN, BLUE, RED]])
HOSTILE = "<b>a &.keras"
# What Gradio's own script says whenever an upload is done.
GRADIO = "Method not implemented."
LOOK = "ms for the network"


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> dict[str, str]:
    """A network as Keras saves it, under a name made to break a page, and as ONNX."""
    root = tmp_path_factory.mktemp("models")
    save_model(colour_model((64, 96)), root / HOSTILE, CLASSES)
    pytest.importorskip("onnxruntime", reason="onnxruntime is optional")
    write_onnx(root / "colours.onnx", colour_facts())
    return {"keras": str(root / HOSTILE), "onnx": str(root / "colours.onnx")}


@pytest.fixture(scope="module")
def street(tmp_path_factory) -> Path:
    """Six patches of 160x160 in pure colours."""
    path = tmp_path_factory.mktemp("street") / "street.png"
    Image.fromarray(picture(IDS.repeat(160, 0).repeat(160, 1))).save(path)
    return path


def test_the_models_given_come_first_each_with_its_runtimes(models):
    networks = Networks([models["keras"], models["onnx"]])
    assert networks.names[:2] == [models["keras"], models["onnx"]]
    assert "slim_camvid11" in networks.names[2:]
    assert networks.runtimes(models["onnx"]) == ["ONNX Runtime"]
    assert networks.runtimes("slim_camvid11")[0] == "Keras"
    with pytest.raises(FileNotFoundError, match=r"gone\.onnx"):
        Networks(["gone.onnx"])
    with pytest.raises(FileNotFoundError, match="gone"):
        Networks(["gone"])
    networks.close()


def test_a_request_for_what_the_lists_lack_is_refused(models, tmp_path):
    networks = Networks([models["onnx"]])
    for name, runtime in ((models["onnx"], "Keras"), (str(tmp_path), "Keras")):
        with pytest.raises(ValueError, match="choose from the lists"):
            networks.open(name, runtime)
    networks.close()


def test_a_photograph_is_seen_as_predict_sees_it(models, street):
    networks = Networks([models["onnx"]])
    seen = look(networks, street, models["onnx"], "ONNX Runtime")
    expected = Predictor(models["onnx"])(street)
    np.testing.assert_array_equal(seen.ids, expected.ids)
    np.testing.assert_array_equal(seen.confidence, expected.confidence)
    assert [row[2:] for row in seen.rows] == [
        (1 / 3, pytest.approx(expected.confidence[expected.ids == value].mean() / 255))
        for value in (RED, GREEN, BLUE)
    ]
    assert "street.png, 480x320, seen by" in seen.words
    assert "at 96x64" in seen.words
    assert tuple(seen.view("Classes", 0.5)[0, 0]) == CLASSES.colours[RED]
    assert tuple(seen.view("Confidence", 0.5)[0, 0]) == (200, 200, 200)
    assert tuple(seen.view("Picture", 0.5)[0, 0]) == (200, 40, 10)
    assert tuple(seen.view("Overlay", 1)[0, 0]) == CLASSES.colours[RED]
    with pytest.raises(ValueError, match="no view 'X'; choose one of Overlay"):
        seen.view("X", 0.5)
    networks.close()


def test_a_large_photograph_is_kept_small(models, tmp_path):
    path = tmp_path / "large.png"
    Image.new("RGB", (3000, 1500), (200, 40, 10)).save(path)
    networks = Networks([models["onnx"]])
    seen = look(networks, path, models["onnx"], "ONNX Runtime")
    assert seen.picture.shape == (640, 1280, 3)
    assert seen.ids.shape == seen.confidence.shape == (640, 1280)
    assert seen.rows[0][2] == 1
    networks.close()


def test_a_network_is_written_as_onnx_at_its_first_use(models, street):
    pytest.importorskip("tf2onnx", reason="tf2onnx is optional")
    networks = Networks([models["keras"]])
    said = []
    seen = look(networks, street, models["keras"], "ONNX Runtime", said.append)
    assert [words for words in said if "as ONNX, once" in words]
    by_keras = look(networks, street, models["keras"], "Keras")
    # Keras' logits are enlarged, ids are not: the middles of the patches agree.
    np.testing.assert_array_equal(seen.ids[80::160, 80::160], IDS)
    np.testing.assert_array_equal(by_keras.ids[80::160, 80::160], IDS)
    said.clear()
    look(networks, street, models["keras"], "ONNX Runtime", said.append)
    assert said == ["looking"]
    networks.close()


@pytest.mark.skipif(find_spec("gradio") is not None, reason="gradio is installed")
def test_without_gradio_the_way_out_is_named(capsys):
    assert main(["demo"]) == 2
    assert "pip install -e '.[demo]'" in capsys.readouterr().err


gradio = pytest.mark.skipif(
    find_spec("gradio") is None, reason="gradio is optional: pip install -e '.[demo]'"
)


@gradio
def test_a_bad_port_and_a_missing_model_are_sentences(capsys):
    assert main(["demo", "--port", "70000"]) == 2
    assert "port is 70000, expected 0 to 65535" in capsys.readouterr().err
    assert main(["demo", "gone.onnx"]) == 2
    assert "gone.onnx" in capsys.readouterr().err


@pytest.fixture(scope="module")
def server(models, tmp_path_factory):
    """Address and process of `segnet demo` with both files."""
    if find_spec("gradio") is None:
        pytest.skip("gradio is optional: pip install -e '.[demo]'")
    temporary = tmp_path_factory.mktemp("temporary")
    command = [sys.executable, "-m", "segnet", "demo", "--port", "0"]
    with subprocess.Popen(
        [*command, models["onnx"], models["keras"]],
        stdout=subprocess.PIPE,
        text=True,
        # A job in the background of a shell ignores Ctrl-C, and so would its children.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        # Gradio refuses files outside its own folder, and the example is one.
        cwd=tmp_path_factory.mktemp("elsewhere"),
        env=os.environ
        | {
            "TMPDIR": str(temporary),
            "PYTHONUNBUFFERED": "1",
            "PYTHONPATH": os.pathsep.join(sys.path),
        },
    ) as process:
        try:
            line = process.stdout.readline()
            (address,) = re.findall(r"http://127\.0\.0\.1:\d+/", line)
            yield address, process
        finally:
            process.send_signal(signal.SIGINT)
            try:
                assert process.wait(60) == 130
            finally:
                process.kill()
    # Pictures that were uploaded are gone.
    assert list(temporary.iterdir()) == []


@pytest.fixture(scope="module")
def loaded(browser, server):
    page, said = new_page(browser)
    page.goto(server[0])
    page.locator("#example").wait_for()
    yield page, said
    page.close()


@pytest.fixture
def page(loaded):
    """The page, as after the tests before; it says nothing in this one."""
    page, said = loaded
    page.set_viewport_size({"width": 1280, "height": 900})
    yield page
    assert set(said) <= {GRADIO}


def give(page, path: Path, words: str) -> str:
    """Uploads a file and returns the sentence about it."""
    if page.locator("#file button[aria-label=Clear]").count():
        page.click("#file button[aria-label=Clear]")
        page.locator("#said", has_text="Drop a picture").wait_for()
    page.set_input_files("#file input[type=file]", path)
    page.locator("#said", has_text=path.name).filter(has_text=words).wait_for()
    return page.inner_text("#said")


def colour_at(page, x: float, y: float) -> list[int]:
    """Returns the colour of the picture at shares of its width and height."""
    page.locator("#seen img").wait_for()
    return page.evaluate(
        """async ([x, y]) => {
        const image = document.querySelector("#seen img");
        await image.decode();
        const copy = document.createElement("canvas").getContext("2d");
        copy.drawImage(image, -Math.floor(x * image.naturalWidth),
          -Math.floor(y * image.naturalHeight));
        return [...copy.getImageData(0, 0, 1, 1).data].slice(0, 3); }""",
        [x, y],
    )


def choose(page, box: str, words: str) -> None:
    page.click(f"#{box} input")
    page.locator("[role=option]", has_text=words).first.click()


PLACES = [(x, y) for y in (0.25, 0.75) for x in (1 / 6, 1 / 2, 5 / 6)]


def test_a_picture_gets_the_classes_of_predict(page, street, models):
    assert LOOK in give(page, street, LOOK)
    page.check("#view input[value=Classes]")
    page.wait_for_function(
        "document.querySelector('#seen img') !== null", polling="raf"
    )
    seen = Predictor(models["onnx"])(street)
    at = [seen.ids[int(320 * y), int(480 * x)] for x, y in PLACES]
    assert at == IDS.ravel().tolist()
    expected = [CLASSES.colours[value] for value in at]
    wait_for_colour(page, PLACES[0], expected[0])
    assert [tuple(colour_at(page, *place)) for place in PLACES] == expected
    sure = [seen.confidence[seen.ids == value].mean() for value in range(3)]
    rows = page.locator("#legend tbody tr").all_inner_texts()
    assert [row.split() for row in rows] == [
        [name, "33.3", "%", f"{value / 2.55:.1f}", "%"]
        for name, value in zip(CLASSES.names, sure, strict=True)
    ]
    page.check("#view input[value=Overlay]")
    wait_for_colour(page, PLACES[0], (228, 20, 6))


def wait_for_colour(page, place, colour) -> None:
    """Waits up to 20 seconds until the picture has a colour at a place."""
    for _ in range(200):
        if np.abs(np.subtract(colour_at(page, *place), colour)).max() <= 1:
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"{colour_at(page, *place)} is not {colour}")


def test_a_broken_file_gets_a_sentence_and_the_next_one_is_seen(page, street, tmp_path):
    for name, content in {
        "half.jpg": b"\xff\xd8\xff\xe0" + bytes(100),
        "words.txt": b"no picture",
        "cut.png": street.read_bytes()[:60],
    }.items():
        path = tmp_path / name
        path.write_bytes(content)
        text = give(page, path, name)
        assert text.startswith(name) and "/" not in text
        assert page.locator("#said [role=alert]").count() == 1
        assert page.locator("#legend tr").count() == 0
    assert LOOK in give(page, street, LOOK)
    assert page.locator("#said [role=alert]").count() == 0


def test_another_network_sees_the_same_picture(page, street, models):
    give(page, street, LOOK)
    choose(page, "network", HOSTILE)
    page.locator("#said", has_text=f"{HOSTILE} in Keras").wait_for(timeout=120_000)
    rows = page.locator("#legend tbody tr").all_inner_texts()
    assert [row.split()[0] for row in rows] == list(CLASSES.names)
    choose(page, "network", "colours.onnx")
    page.locator("#said", has_text="colours.onnx in ONNX Runtime").wait_for()


def test_the_example_is_seen(page):
    page.click("#example")
    page.locator("#said", has_text="example.jpg, 640x480").wait_for()


def test_the_keyboard_reaches_everything_in_order(page):
    name = "e => e.closest('[id=file],[id=example],[id=seen],[id=network],"
    name += "[id=runtime],[id=view],[id=strength]')?.id"
    reached = [one for one in tabbed(page, 16, name) if one]
    assert list(dict.fromkeys(reached)) == [
        *("file", "example", "seen", "network", "runtime", "view", "strength"),
    ]


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_fits(browser, server, width, scheme):
    page, said = new_page(browser, width, scheme)
    page.goto(server[0])
    page.locator("#example").wait_for()
    check_fits(page, width)
    page.click("#example")
    page.locator("#legend td").first.wait_for()
    check_fits(page, width)
    page.close()
    assert said == []


def test_the_server_listens_to_this_machine_alone(server):
    port = int(server[0].rstrip("/").rpartition(":")[2])
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    others = Path("/proc/net/tcp6").read_text().splitlines()[1:]
    listening = {
        line.split()[1]
        for line in [*lines, *others]
        if line.split()[3] == "0A" and line.split()[1].endswith(f":{port:04X}")
    }
    # 127.0.0.1, its bytes in the order of the machine.
    assert listening == {f"0100007F:{port:04X}"}
