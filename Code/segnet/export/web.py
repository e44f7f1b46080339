"""Writes a folder that shows a network in a browser, served by any static server."""

import json
import os
import secrets
import shutil
import tempfile
from pathlib import Path
from typing import Any

import keras
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from segnet import __version__
from segnet.export.exporting import export
from segnet.export.onnxruntime_web import FILES, VERSION, read_runtime
from segnet.export.report import ExportReport
from segnet.runtimes.facts import CLASSES, FileFacts
from segnet.system.text import shown

TEMPLATES = Path(__file__).with_name("web_page")
COPIED = ("page.css", "page.js", "worker.js", "example.jpg")
MODEL, RUNTIME, PAGE = "model.onnx", "onnxruntime", "index.html"
# What a folder of this package holds; one with anything else is not replaced.
OURS = {PAGE, MODEL, RUNTIME, *COPIED}


def export_web(
    model: keras.Model | str | Path,
    out: str | Path,
    onnxruntime_web: str | Path | None = None,
    **options: Any,
) -> ExportReport:
    """Writes a network as ONNX, proves it, and writes the page around it.

    Args:
        model: As `segnet.export.export` takes it.
        out: As for `write_web`.
        onnxruntime_web: As there.
        **options: Of `export`, all but `path` and `format`.

    Returns:
        The report of the ONNX file, whose `path` is the folder.

    Raises:
        FileNotFoundError: There is no such model or store, or no onnxruntime-web.
        ValueError: As from `export`, and for other outputs than classes and
            confidence of one image.
        UnprovenExportError: The file does not agree with Keras; nothing is written.
        OSError: The folder holds other files, or cannot be written.
    """
    out = Path(out)
    _check_outputs(options.get("outputs", CLASSES), options.get("batch_size", 1))
    _check_replaceable(out)
    # Asked for before the minute that the export takes.
    runtime = read_runtime(onnxruntime_web)
    with tempfile.TemporaryDirectory() as folder:
        onnx = Path(folder) / MODEL
        report = export(model, onnx, "onnx", **options)
        _write(onnx, report.facts, out, runtime)
    report.path = out
    return report


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
    _check_outputs(facts.outputs, facts.batch_size)
    _check_replaceable(out)
    return _write(onnx, facts, out, read_runtime(onnxruntime_web))


def _write(onnx: Path, facts: FileFacts, out: Path, runtime: dict[str, bytes]) -> Path:
    """Writes the folder under a temporary name, then puts it in place."""
    out.parent.mkdir(parents=True, exist_ok=True)
    token = secrets.token_hex(4)
    part, old = (out.with_name(f"{out.name}.{token}.{end}") for end in ("part", "old"))
    try:
        (part / RUNTIME).mkdir(parents=True)
        for name, content in runtime.items():
            (part / RUNTIME / name).write_bytes(content)
        for name in COPIED:
            shutil.copyfile(TEMPLATES / name, part / name)
        shutil.copyfile(onnx, part / MODEL)
        (part / PAGE).write_text(_page(facts), encoding="utf-8")
        if out.exists():
            os.replace(out, old)
        os.replace(part, out)
    finally:
        if old.exists() and not out.exists():
            os.replace(old, out)
        shutil.rmtree(part, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
    return out / PAGE


def _check_outputs(outputs: str, batch_size: int) -> None:
    """Raises ValueError for a network with other outputs than the page shows."""
    if outputs != CLASSES or batch_size != 1:
        raise ValueError(
            f"the page needs {CLASSES} for one image, not {outputs} for {batch_size}"
        )


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
        loader=FileSystemLoader(TEMPLATES),
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
