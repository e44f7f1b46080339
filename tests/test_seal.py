"""Sealed files: what damage is found, what readers of the formats pass over."""

import random
import sys

import numpy as np
import pytest

from helpers.exported import (
    LIBRARIES,
    WRITERS,
    append,
    colour_facts,
    expected,
    random_images,
    write,
)
from segnet.runtimes import trial
from segnet.runtimes.opening import FORMATS, open_runtime
from segnet.runtimes.seal import FILE, check_seal, is_sealed, seal


@pytest.fixture(scope="module", params=FORMATS)
def kind(request) -> str:
    pytest.importorskip(LIBRARIES[request.param])
    return request.param


@pytest.fixture(scope="module")
def path(kind, tmp_path_factory):
    path = write(kind, tmp_path_factory.mktemp(kind), colour_facts())
    seal(path)
    return path


def test_runtimes_pass_over_the_seal(path):
    assert is_sealed(path)
    check_seal(path)
    runtime = open_runtime(path)
    assert runtime.facts == colour_facts()
    images = random_images()
    for name, values in expected(images).items():
        np.testing.assert_array_equal(runtime.run(images)[name], values)


def test_a_file_is_sealed_once(path, tmp_path):
    with pytest.raises(ValueError, match="sealed before, or no exported file"):
        seal(path)
    (tmp_path / "a.keras").touch()
    with pytest.raises(ValueError, match="sealed before, or no exported file"):
        seal(tmp_path / "a.keras")


def test_every_changed_bit_is_found(kind, path, tmp_path):
    """200 random ones; flips in the name of the seal leave an unsealed, good file."""
    rng = random.Random(0)
    files = [path]
    if kind == "openvino":
        files.append(path.with_suffix(".bin"))
    if kind == "saved_model":
        files = [path / "saved_model.pb", path / "assets.extra" / "segnet.json"]
    contents = {file: file.read_bytes() for file in files}
    found = 0
    try:
        for _ in range(200):
            file = rng.choice([file for file in files if contents[file]])
            content = bytearray(contents[file])
            content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
            file.write_bytes(content)
            if is_sealed(path):
                with pytest.raises(ValueError, match="damaged, or changed since it"):
                    open_runtime(path)
                found += 1
    finally:
        for file, content in contents.items():
            file.write_bytes(content)
    assert found > 150
    check_seal(path)


def test_a_file_more_in_a_saved_model_is_found(tmp_path):
    pytest.importorskip("tensorflow")
    path = write("saved_model", tmp_path, colour_facts())
    seal(path)
    (path / "variables" / "more").write_text("x")
    with pytest.raises(ValueError, match="damaged, or changed since"):
        check_seal(path)
    (path / "variables" / "more").unlink()
    check_seal(path)
    (path / FILE).unlink()
    assert not is_sealed(path)
    with pytest.raises(ValueError, match="not sealed"):
        check_seal(path)


def test_an_archive_of_facts_must_be_the_end(tmp_path):
    pytest.importorskip("ai_edge_litert")
    path = write("litert", tmp_path)
    before = path.read_bytes()
    with pytest.raises(ValueError, match="no archive with facts at its end"):
        seal(path)
    assert path.read_bytes() == before
    append(path, {"metadata.json": colour_facts().to_text()})
    seal(path)
    check_seal(path)


@pytest.mark.parametrize("content", [b"", b"\x00", b"segnet_sha256"])
def test_short_files_are_not_sealed(kind, tmp_path, content):
    if kind == "saved_model":
        pytest.skip("a folder")
    path = tmp_path / WRITERS[kind][0]
    path.write_bytes(content)
    assert not is_sealed(path)


def test_an_unsealed_tflite_file_is_tried_out_first(tmp_path, monkeypatch):
    """A child that dies stands for LiteRT, which breaks down on some damaged files."""
    pytest.importorskip("ai_edge_litert")
    path = write("litert", tmp_path, colour_facts())
    trial.try_out(path)
    assert open_runtime(path).facts == colour_facts()
    dies = tmp_path / "dies"
    dies.write_text("#!/bin/sh\nkill -SEGV $$\n")
    dies.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(dies))
    with pytest.raises(ValueError, match="damaged; LiteRT breaks down when it runs"):
        open_runtime(path)
    seal(path)
    open_runtime(path)


def test_a_trial_says_what_the_file_lacks(tmp_path):
    pytest.importorskip("ai_edge_litert")
    path = tmp_path / "a.tflite"
    path.write_bytes(b"no network")
    with pytest.raises(
        ValueError, match="damaged, or no TensorFlow Lite file"
    ) as error:
        trial.try_out(path)
    assert str(error.value).startswith(f"{path}: ") and "\n" not in str(error.value)


def test_a_trial_that_does_not_end(tmp_path, monkeypatch):
    waits = tmp_path / "waits"
    waits.write_text("#!/bin/sh\nexec sleep 60\n")
    waits.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(waits))
    monkeypatch.setattr(trial, "SECONDS", 0.2)
    with pytest.raises(ValueError, match=r"a\.tflite: no answer in 0\.2 seconds"):
        trial.try_out(tmp_path / "a.tflite")
