"""Writes a network as a file for another runtime, and proves it on frames."""

import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np

from segnet.classes import ClassMap
from segnet.export import frames as of_frames
from segnet.export.calibration import Calibration, saturates
from segnet.export.divergence import first_divergence, layer_errors
from segnet.export.formats import WRITERS, Format
from segnet.export.frames import Frames
from segnet.export.function import Network
from segnet.export.origin import facts_of
from segnet.export.proof import Proof, prove
from segnet.export.report import ExportReport, Written
from segnet.models.build import at_size
from segnet.predict.engine import find_class_map
from segnet.runs.loading import load
from segnet.runtimes.facts import CLASSES, FileFacts
from segnet.runtimes.opened import first_line
from segnet.runtimes.opening import open_runtime
from segnet.runtimes.seal import seal
from segnet.system.files import replacing
from segnet.system.quiet import quiet

REPORT = ".json"


class UnprovenExportError(RuntimeError):
    """A file was written that does not agree with Keras, and removed again.

    Args:
        report: What was found.
    """

    def __init__(self, report: ExportReport) -> None:
        super().__init__("; ".join(report.proof.faults))
        self.report = report


def export(
    model: keras.Model | str | Path,
    path: str | Path,
    format: str = "onnx",
    *,
    size: tuple[int, int] | None = None,
    precision: str = "float32",
    outputs: str = CLASSES,
    batch_size: int = 1,
    calibrate: str | Path | None = None,
    check: str | Path | None = None,
    classes: ClassMap | str | Path | None = None,
    reduce_range: bool | None = None,
    progress: Callable[[str], object] = lambda _: None,
) -> ExportReport:
    """Writes a network as a file for another runtime, proves it and returns the report.

    The file is run in its own runtime beside Keras, on frames of `check`, else of
    `calibrate`, else on rendered ones. Only one that agrees gets its name, and beside
    it the report, `<name>.json`. An older file stays where the new one does not agree.

    Args:
        model: What `segnet.load` takes, or a model from images (B, H, W, 3) to logits.
        path: The file; a folder for "saved_model". An older one is replaced.
        format: "onnx", "litert", "openvino" or "saved_model".
        size: (H, W) of the images; by default the model's own.
        precision: "float32"; "float16" (weights alone) or "int8", measured beside it.
        outputs: "classes,confidence" or "logits".
        batch_size: B, fixed in the file.
        calibrate: Store of the frames that "int8" needs.
        check: Store of the frames for the proof.
        classes: A class map, its file or its name, where the model does not say it.
        reduce_range: As in `Calibration`; None for what this processor needs.
        progress: Called with a few words before each step.

    Raises:
        FileNotFoundError: There is no such model or store.
        ValueError: An argument is out of range, a package is missing, the classes are
            not known, or the frames have no contrast.
        UnprovenExportError: The file does not agree with Keras and is removed.
        OSError: The file cannot be written.
    """
    started, path = time.perf_counter(), Path(path)
    form = _format(format)
    form.check(path, precision)
    _check_calibrate(precision, calibrate)
    progress("reading the network")
    weights = None if isinstance(model, keras.Model) else model
    class_map = find_class_map(weights, classes)
    network = Network(_sized(model, size, class_map), batch_size, outputs)
    facts = facts_of(network.model, weights, class_map, batch_size, outputs, precision)
    report = ExportReport(path, form.name, facts)
    with ExitStack() as stack:
        frames = _check_frames(stack, check or calibrate, facts, report)
        calibration = None
        if calibrate is not None:
            calibration = _calibration(stack, calibrate, facts, reduce_range, report)
        run = _Run(form, network, frames, report, progress)
        _write(run, path, calibration, started)
    return report


def _check_calibrate(precision: str, calibrate: str | Path | None) -> None:
    if (precision == "int8") != (calibrate is not None):
        raise ValueError(
            "int8 needs --calibrate STORE, whose frames find the ranges of its "
            "numbers; other precisions take --check STORE"
        )


def _write(
    run: "_Run", path: Path, calibration: Calibration | None, started: float
) -> None:
    """Writes the file and its report, where it agrees with Keras."""
    form, facts, report = run.form, run.report.facts, run.report
    if facts.precision == "float16":
        check_float16(run.network.model)
    if facts.precision != "float32":
        run.measure(replace(facts, precision="float32"), None)
    with form.replacing(path) as part:
        run.write(part, facts, calibration)
        report.seconds = time.perf_counter() - started
        if report.proof.faults:
            raise UnprovenExportError(report)
        report.note_speed()
    with replacing(path.with_name(path.name + REPORT)) as part:
        part.write_text(report.to_json(), encoding="utf-8")


class _Run:
    """One export: writes files and compares them with Keras."""

    def __init__(
        self,
        form: Format,
        network: Network,
        frames: Frames,
        report: ExportReport,
        progress: Callable[[str], object],
    ) -> None:
        self.form, self.network, self.frames = form, network, frames
        self.report, self.progress = report, progress

    def measure(self, facts: FileFacts, calibration: Calibration | None) -> None:
        """Writes a temporary file, compares it and removes it."""
        with tempfile.TemporaryDirectory() as folder:
            self._write(Path(folder) / f"file{self.form.suffix}", facts, calibration)

    def write(
        self, path: Path, facts: FileFacts, calibration: Calibration | None
    ) -> None:
        """Writes the file and compares it; finds the layer where that fails."""
        proof = self._write(path, facts, calibration)
        if not proof.faults:
            return
        self.progress("comparing layer by layer")
        images, _ = next(of_frames.batches(self.frames, self.network.batch_size))

        def write(network: Network, file: Path) -> None:
            self.form.write(network, file, facts, calibration)

        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / f"layers{self.form.suffix}"
            batch_size = self.network.batch_size
            model = self.network.model
            try:
                errors = layer_errors(model, batch_size, write, file, images)
            # The faults matter more than whatever stops the search for their cause.
            except Exception as error:
                note = f"the layers could not be compared: {first_line(error)}"
                self.report.notes.append(note)
                return
        self.report.layers = errors
        self.report.divergence = first_divergence(errors, facts.precision)

    def _write(
        self, path: Path, facts: FileFacts, calibration: Calibration | None
    ) -> Proof:
        self.progress(f"writing {self.form.name} in {facts.precision}")
        self.form.write(self.network, path, facts, calibration)
        seal(path)
        self.progress(f"running it beside Keras on {self.frames.words}")
        # TensorFlow's threads are those that Keras has started with.
        threads = None if self.form.name == "saved_model" else 1
        with quiet():
            runtime = open_runtime(path, threads=threads)
        proof = prove(self.network.model, runtime, self.frames, facts.precision)
        cores = "one thread" if threads else "all cores"
        self.report.runtime = f"{runtime.name} on {cores}"
        size = self.form.bytes(path)
        self.report.files.append(Written(facts.precision, size, proof))
        return proof


def _format(name: str) -> Format:
    if name not in WRITERS:
        raise ValueError(f"no format {name!r}; known are {', '.join(WRITERS)}")
    return WRITERS[name]


def _sized(
    model: keras.Model | str | Path, size: tuple[int, int] | None, class_map: ClassMap
) -> keras.Model:
    """Returns the network at its size, with logits for each pixel of its input."""
    if not isinstance(model, keras.Model):
        model = load(model, None if size is None else (*size, 3))
    elif size is not None:
        model = at_size(model, size)
    takes, gives = model.input_shape, model.output_shape
    if not (len(takes) == len(gives) == 4 and takes[-1] == 3):
        raise ValueError(
            f"{model.name}: from {takes} to {gives}, expected from RGB images "
            f"(B, H, W, 3) to logits (B, H, W, K)"
        )
    if gives[-1] != class_map.num_classes:
        raise ValueError(
            f"{model.name} knows {gives[-1]} classes, and {class_map.name} has "
            f"{class_map.num_classes}"
        )
    if None in takes[1:3]:
        if size is None:
            raise ValueError(f"{model.name} takes any size; give one with --size H W")
        inputs = keras.Input((*size, 3), dtype=model.input.dtype)
        model = keras.Model(inputs, model(inputs), name=model.name)
    size = model.input_shape[1:3]
    if model.output_shape[1:3] != size:
        # Class ids of small logits, enlarged, would be another picture.
        logits = keras.layers.Resizing(*size, name="logits_resized")(model.output)
        model = keras.Model(model.input, logits, name=model.name)
    return model


def _check_frames(
    stack: ExitStack,
    store: str | Path | None,
    facts: FileFacts,
    report: ExportReport,
) -> Frames:
    """Returns the frames of the proof."""
    if store is None:
        return of_frames.RenderedFrames(facts.size)
    found = of_frames.store_frames(
        stack,
        store,
        ("val", "test"),
        facts.size,
        facts.class_map,
        of_frames.LEAST,
    )
    of_frames.check_contrast(found, "check")
    if len(found) < of_frames.LEAST:
        report.notes.append(
            f"checked on {len(found)} frames; {of_frames.LEAST} or more say more"
        )
    if not found.labelled:
        report.notes.append(
            f"{store} has other classes than the network, so there is no mIoU"
        )
    return found


def _calibration(
    stack: ExitStack,
    store: str | Path,
    facts: FileFacts,
    reduce_range: bool | None,
    report: ExportReport,
) -> Calibration:
    """Returns the frames for int8, of all drives of a store."""
    found = of_frames.store_frames(
        stack, store, ("train",), facts.size, facts.class_map
    )
    of_frames.check_contrast(found, "calibration")
    reduce = saturates() if reduce_range is None else reduce_range
    report.notes.append(f"calibrated on {found.words}")
    if len(found) < of_frames.ENOUGH:
        report.notes.append(
            f"{len(found)} frames for calibration are few; {of_frames.ENOUGH} or more "
            f"show the ranges better"
        )
    if report.format in ("onnx", "openvino"):
        bits = "7 bits, which any processor adds up" if reduce else "8 bits"
        report.notes.append(f"weights have {bits}")
    return Calibration(found, facts.batch_size, reduce)


def check_float16(model: keras.Model) -> None:
    """Refuses a network with a weight that float16 cannot hold.

    Raises:
        ValueError: Naming the weight.
    """
    most = float(np.finfo(np.float16).max)
    for weight in model.weights:
        largest = float(np.abs(np.asarray(weight)).max(initial=0.0))
        if not largest <= most:
            raise ValueError(
                f"{weight.path} holds {largest:g}, and float16 ends at {most:g}; "
                f"export float32"
            )
