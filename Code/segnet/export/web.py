"""Writes a folder that shows a network in a browser, served by any static server."""

import json
import os
import secrets
import shutil
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from segnet import __version__
from segnet.export.onnxruntime_web import FILES, VERSION, copy_runtime
from segnet.runtimes.facts import CLASSES, FileFacts
from segnet.system.text import shown

TEMPLATES = "web_page"
COPIED = ("page.css", "page.js", "worker.js", "example.jpg")
MODEL, RUNTIME, PAGE = "model.onnx", "onnxruntime", "index.html"
# What a folder of this package holds; one with anything else is not replaced.
OURS = {PAGE, MODEL, RUNTIME, *COPIED}
# The rendered street behind the button "Example street", 480x640.
EXAMPLE = files("segnet.export") / TEMPLATES / "example.jpg"


def write_web(
    onnx: str | Path,
    facts: FileFacts,
    out: str | Path,
    onnxruntime_web: str | Path | None = None,
) -> Path:
    """Writes a page that runs a network in the browser, and everything it needs.

    The page asks no other host for anything, and its content security policy lets it
    send nothing to one.

    Args:
        onnx: File of a network that gives classes and confidence.
        facts: What the file says about itself.
        out: Folder to write; one from an earlier call is replaced.
        onnxruntime_web: The npm package onnxruntime-web, unpacked or as `.tgz`; None
            for the copy in the user's cache, which npm fills once.

    Returns:
        The page.

    Raises:
        FileNotFoundError: There is no such file, or no onnxruntime-web.
        ValueError: The file gives logits or takes several images, or the package is
            another version or damaged.
        OSError: The folder holds other files, or cannot be written.
    """
    onnx, out = Path(onnx), Path(out)
    if not onnx.is_file():
        raise FileNotFoundError(f"{onnx}: no such file")
    if facts.outputs != CLASSES or facts.batch_size != 1:
        raise ValueError(
            f"{onnx}: gives {facts.outputs} for {facts.batch_size} images, and the "
            f"page needs {CLASSES} for one; export it so"
        )
    _check_replaceable(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    token = secrets.token_hex(4)
    part, old = (out.with_name(f"{out.name}.{token}.{end}") for end in ("part", "old"))
    try:
        part.mkdir()
        copy_runtime(part / RUNTIME, onnxruntime_web)
        shutil.copyfile(onnx, part / MODEL)
        for name in COPIED:
            content = (files("segnet.export") / TEMPLATES / name).read_bytes()
            (part / name).write_bytes(content)
        (part / PAGE).write_text(_page(facts), encoding="utf-8")
        if out.exists():
            os.replace(out, old)
        os.replace(part, out)
    finally:
        shutil.rmtree(part, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
    return out / PAGE


def _check_replaceable(out: Path) -> None:
    """Raises OSError where a folder holds anything that this module does not write."""
    if not out.exists():
        return
    if not out.is_dir():
        raise FileExistsError(f"{out}: a file is where a folder should be")
    runtime = {f"{RUNTIME}/{name}" for name in FILES.values()}
    found = {path.relative_to(out).as_posix() for path in out.rglob("*")}
    strangers = sorted(found - OURS - runtime)
    if strangers:
        raise OSError(
            f"{out}: holds {strangers[0]}, which is no part of a web page of segnet; "
            f"name an empty or new folder"
        )


def _page(facts: FileFacts) -> str:
    environment = Environment(
        loader=PackageLoader("segnet.export", TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    title = shown(Path(facts.weights).stem or facts.network or "the network")
    given = {
        "size": facts.size,
        "class_map": json.loads(facts.class_map.to_json()),
    }
    page = environment.get_template(PAGE)
    return page.render(
        title=title, facts=given, about=_about(facts), version=__version__
    )


def _about(facts: FileFacts) -> dict[str, str]:
    """Returns name -> value of what the page says about its network."""
    height, width = facts.size
    scores = facts.scores or {}
    said = {
        "Network": facts.network,
        "Weights": facts.weights,
        "SHA-256": facts.weights_sha256,
        "Classes": f"{facts.class_map.num_classes}, {facts.class_map.name}",
        "Images": f"{width}x{height} pixels",
        "Precision": facts.precision,
        "mIoU": f"{100 * scores['miou']:.1f} %" if "miou" in scores else None,
        "Measured on": scores.get("source") or scores.get("split"),
        "Data licence": facts.licence,
        "Runtime": f"ONNX Runtime Web {VERSION}",
    }
    return {name: shown(value) for name, value in said.items() if value}
