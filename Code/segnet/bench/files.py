"""The time that trained networks and exported files take for one image, by runtime."""

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from segnet.bench.exported import (
    Candidate,
    candidate_of,
    installed_formats,
    load_candidate,
    untrained,
    write_candidates,
)
from segnet.bench.latency import WARM_UP
from segnet.bench.machine import conditions, in_turns, keep
from segnet.bench.opening import measure_opening
from segnet.export.formats import WRITERS
from segnet.report.tables import percent, text_table
from segnet.runtimes.formats import format_of
from segnet.runtimes.opening import open_runtime

YARDSTICK = "fast_scnn"
Row = dict[str, Any]


def bench_files(
    models: Sequence[str | Path],
    *,
    size: tuple[int, int] | None = None,
    threads: int = 1,
    turns: int = 30,
    mious: Mapping[str, float] | None = None,
    formats: Sequence[str] | None = None,
    out: str | Path | None = None,
    picture: str | Path | None = None,
    progress: bool = False,
    say: Callable[[str], object] = print,
) -> dict[str, Any]:
    """Returns and prints the time that networks and files take for one image.

    A network is written in the format of each runtime that is installed, up to its
    small logits, up to logits of the input's size, and with class ids and confidence:
    the differences are the resize and the argmax. Untrained `fast_scnn` takes part.
    All alternate, so background load affects all alike; the first turns warm up. Load
    time and peak memory are measured in a process of its own for each file.

    Args:
        models: What `segnet.load` takes, and exported files, of anybody as well.
        size: (H, W) for networks; None for the size of the first one's training.
        threads: Of one run.
        turns: Timed runs of each file.
        mious: Name of a model or file -> mIoU, 0 to 1, where the file does not say it.
        formats: Keys of `segnet.export.formats.WRITERS`; None for all installed.
        out: JSON file for the result; None writes no file.
        picture: File for a chart of mIoU against latency; None for none.
        progress: Show a progress bar.
        say: Takes the table, and the steps with `progress`.

    Returns:
        `files`, rows with `name`, `format`, `runtime`, `end`, `bytes`, `median_ms`,
        `p95_ms`, `min_ms`, `ratio` (of medians, to `fast_scnn` in the same runtime up
        to the same end, or None), `load_seconds`, `peak_mb`, `miou`, `scored_on`.

    Raises:
        FileNotFoundError: There is no such model.
        ValueError: An argument is out of range, a runtime is missing, or a file is
            damaged.
    """
    if turns < 1 or threads < 1:
        raise ValueError(
            f"turns is {turns} and threads {threads}, expected 1 or more of both"
        )
    step = say if progress else lambda _: None
    with _tensorflow_threads(threads), tempfile.TemporaryDirectory() as folder:
        found = list(_candidates(models, size, formats, Path(folder), step))
        machine, rows = _measure(found, threads, turns, progress, step)
    _compare(rows, mious or {})
    result = {"threads": threads, "turns": turns, **machine, "files": rows}
    say(_table(result))
    keep(result, out)
    if picture is not None:
        from segnet.pictures.latency import latency_scatter

        latency_scatter(rows, picture)
    return result


def _measure(
    found: Sequence[Candidate],
    threads: int,
    turns: int,
    progress: bool,
    step: Callable[[str], object],
) -> tuple[dict[str, Any], list[Row]]:
    """Returns the conditions at the start, and a row for each file."""
    calls, names = {}, {}
    for one in found:
        step(f"opening {one.key}")
        calls[one.key], names[one.key] = _call_of(one, threads)
    machine = conditions()
    seconds = in_turns(calls, turns, WARM_UP, progress)
    rows = []
    for one in found:
        step(f"opening {one.key} in a process of its own")
        rows.append(_row(one, names[one.key], seconds[one.key], threads))
    return machine, rows


def _candidates(
    models: Sequence[str | Path],
    size: tuple[int, int] | None,
    formats: Sequence[str] | None,
    folder: Path,
    step: Callable[[str], object],
) -> Iterator[Candidate]:
    """Yields the files: those given, and those of networks, written into `folder`."""
    for form in formats or ():
        if form not in WRITERS:
            raise ValueError(f"no format {form!r}; known are {', '.join(WRITERS)}")
    formats = formats or installed_formats()
    yardstick_due = True
    for name in models:
        if format_of(name) is not None:
            yield candidate_of(Path(name))
            continue
        step(f"loading {name}")
        model, class_map = load_candidate(str(name), size)
        size = size or model.input_shape[1:3]
        yield from write_candidates(
            str(name), model, class_map, formats, folder, name, step
        )
        if yardstick_due:
            other = untrained(YARDSTICK, size, class_map)
            yield from write_candidates(
                YARDSTICK, other, class_map, formats, folder, progress=step
            )
            yardstick_due = False


def _call_of(one: Candidate, threads: int) -> tuple[Callable[[], object], str]:
    """Returns a call for one run on fixed random pixels, and the runtime's name."""
    # TensorFlow has its threads from `_tensorflow_threads`.
    given = None if one.format == "saved_model" else threads
    runtime = open_runtime(one.path, threads=given)
    # Those of small logits announce another shape.
    runtime.facts = None
    shape = (*runtime.shape, 3)
    images = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    return lambda: runtime.run(images), runtime.name


def _row(one: Candidate, runtime: str, seconds: list[float], threads: int) -> Row:
    times = 1e3 * np.asarray(seconds)
    return {
        "name": one.name,
        "format": one.format,
        "runtime": runtime,
        "end": one.end,
        "bytes": WRITERS[one.format].bytes(one.path),
        "median_ms": float(np.median(times)),
        "p95_ms": float(np.percentile(times, 95)),
        "min_ms": float(times.min()),
        **measure_opening(one.path, threads),
        "miou": one.miou,
        "scored_on": one.scored_on,
    }


def _compare(rows: list[Row], mious: Mapping[str, float]) -> None:
    """Adds the ratio to the yardstick, and the scores that the user gives.

    Raises:
        ValueError: A score is of no row, or no share.
    """
    unknown = set(mious) - {row["name"] for row in rows}
    if unknown:
        raise ValueError(
            f"a mIoU is given for {', '.join(sorted(unknown))}, which is not measured"
        )
    yardsticks = {
        (row["format"], row["end"]): row["median_ms"]
        for row in rows
        if row["name"] == YARDSTICK
    }
    for row in rows:
        other = yardsticks.get((row["format"], row["end"]))
        row["ratio"] = row["median_ms"] / other if other else None
        if row["name"] in mious:
            row["miou"], row["scored_on"] = mious[row["name"]], "as given"
            if not 0 <= row["miou"] <= 1:
                raise ValueError(
                    f"the mIoU of {row['name']} is {row['miou']}, expected 0 to 1"
                )


@contextmanager
def _tensorflow_threads(threads: int) -> Iterator[None]:
    """Lets TensorFlow, where it has not started yet, take as many threads."""
    names = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update({name: str(threads) for name in names})
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _table(result: dict[str, Any]) -> str:
    threads = "one thread" if result["threads"] == 1 else f"{result['threads']} threads"
    lines = [
        f"batch 1, {threads}, {result['cpu']}, {result['turns']} turns, load "
        f"{result['load']} on {result['cores']} cores; x is the time relative to "
        f"{YARDSTICK} in the same row of its runtime"
    ]
    header = ["network", "runtime", "gives", "median ms", "p95", "x"]
    header += ["load s", "peak MB", "file MB", "mIoU %"]
    rows = [
        [
            row["name"],
            row["runtime"],
            row["end"] or "its own",
            f"{row['median_ms']:.1f}",
            f"{row['p95_ms']:.1f}",
            "" if row["ratio"] is None else f"{row['ratio']:.2f}",
            f"{row['load_seconds']:.2f}",
            f"{row['peak_mb']:.0f}",
            f"{row['bytes'] / 1e6:.2f}",
            "" if row["miou"] is None else percent(row["miou"]),
        ]
        for row in result["files"]
    ]
    if any(row["name"] == YARDSTICK for row in result["files"]):
        lines.append(f"{YARDSTICK} is untrained: its time counts, not its answers")
    return "\n".join([*lines, text_table(header, rows, left=3, indent="  ")])
