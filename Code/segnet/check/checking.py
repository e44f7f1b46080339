"""Checks a dataset or a store before training: its contents and its faults."""

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from segnet.check.findings import Findings, Problem, unreadable
from segnet.check.frame_facts import inspect
from segnet.check.rules import find_problems
from segnet.check.views import SourceView, StoreView
from segnet.data import READERS
from segnet.data.find import find_source
from segnet.data.source import Source, WrongOption
from segnet.data.split import SplitRule
from segnet.data.store import Store, open_store
from segnet.report.tables import percent, text_table

REPORT = "check.html"
FRAMES_NAMED = 5


def check(
    source: str | Path | Source,
    root: str | Path | None = None,
    out: str | Path | None = None,
    *,
    split: SplitRule | str | None = None,
    size: tuple[int, int] | None = None,
    workers: int | None = None,
    progress: bool = False,
    **options,
) -> Findings:
    """Returns the findings on a dataset or a store; bad frames are among them.

    A dataset gets the split that `prepare` would make. `findings.status` is 1 where
    `prepare` would refuse the data or a network would learn the wrong thing;
    `findings.strict_status` is 1 with any warning. Notes do not count.

    Args:
        source: Key of `segnet.data.READERS` together with `root`; or a store, that is
            its file or the folder of it; or what a reader returned.
        root: Folder of the dataset.
        out: Folder for the report, check.html; None for none.
        split: A `SplitRule`, or the name of one, for a dataset.
        size: (H, W) to which `prepare` would resize frames of any size.
        workers: Processes; one for each core by default.
        progress: Show a progress bar.
        options: Of `segnet.data.find.find_source`, for example `worlds=["0001"]`.

    Raises:
        FileNotFoundError: The folder or store is missing.
        ValueError: The reader or split rule is unknown, the rule or an option does not
            fit, or a store, which is already split, comes with options for a dataset.
    """
    if root is None:
        sizes = {} if isinstance(source, Source) else {"size": size}
        _refuse(source, split, options | sizes)
    with ExitStack() as stack:
        try:
            opened = _open(source, root, options)
        except (ValueError, OSError) as error:
            if isinstance(error, WrongOption) or not _exists(source, root):
                raise
            findings, view = unreadable(_name(source, root), error), None
        else:
            if isinstance(opened, Source):
                view = SourceView.of(opened, split, size)
            else:
                view = StoreView.of(stack.enter_context(opened))
            findings = find_problems(view, inspect(view, workers, progress))
            if isinstance(opened, Store):
                findings = _with_shards(
                    findings, opened.damaged_shards(workers, progress)
                )
        if out is not None:
            from segnet.check.page import write_report

            write_report(Path(out) / REPORT, findings, view)
    return findings


def summary(findings: Findings) -> str:
    """Returns the findings as text for the terminal, the worst problem first."""
    lines = [_title(findings)]
    if findings.class_map is not None:
        lines += [f"split: {findings.split_rule}", "", _shares(findings)]
    lines += ["", *(_lines_of(problem) for problem in findings.problems)]
    return "\n".join([*lines, findings.verdict])


def _refuse(
    source: str | Path | Source, split: SplitRule | str | None, options: dict
) -> None:
    """Refuses options that would do nothing."""
    given = [name for name, value in options.items() if value is not None]
    if isinstance(source, Source):
        if given:
            raise ValueError(
                f"{', '.join(given)}: the frames of this source are already read; give "
                f"such options to its reader"
            )
        return
    if split is not None:
        given = [*(SplitRule.of(split).changed or ["split"]), *given]
    if given:
        raise ValueError(
            f"{', '.join(given)}: only for a dataset, and a store is already prepared; "
            f"leave this out, or name the reader and folder of the dataset"
        )


def _open(source: str | Path | Source, root: str | Path | None, options: dict):
    if isinstance(source, Source):
        return source
    if root is not None:
        return find_source(source, root, partial=True, **options)
    path = Path(source)
    if str(source) in READERS and not path.exists():
        raise ValueError(f"{source}: which folder? A dataset needs its root")
    return open_store(path)


def _with_shards(findings: Findings, damaged: list[str]) -> Findings:
    if not damaged:
        return findings
    text = f"{len(damaged)} shards of the store differ from what was written"
    problem = Problem("error", "damaged", text, tuple(damaged))
    return replace(findings, problems=(problem, *findings.problems))


def _exists(source: str | Path | Source, root: str | Path | None) -> bool:
    if root is None:
        return Path(source).exists()
    return source in READERS and Path(root).exists()


def _name(source: str | Path, root: str | Path | None) -> str:
    return str(source) if root is None else f"{source} in {root}"


def _title(findings: Findings) -> str:
    if findings.class_map is None:
        return findings.name
    sizes = [f"{height}x{width}" for (height, width), _ in findings.sizes]
    shown = sizes[0] if len(sizes) == 1 else f"{len(sizes)} sizes"
    return (
        f"{findings.name}: {findings.frames} frames, {shown}, "
        f"{findings.class_map.num_classes} classes ({findings.class_map.name})"
    )


def _shares(findings: Findings) -> str:
    columns = [
        [
            *(percent(share or None, 2, "-") for share in (*s.shares, s.void_share)),
            str(s.frames),
        ]
        for s in findings.splits
    ]
    names = [*findings.class_map.names, "void", "frames"]
    header = ["class, %", *(split.name for split in findings.splits)]
    return text_table(header, zip(names, *columns, strict=True))


def _lines_of(problem: Problem) -> str:
    lines = [f"{problem.severity}: {problem.text}"]
    lines += [f"    {line}" for line in problem.frames[:FRAMES_NAMED]]
    rest = len(problem.frames) - FRAMES_NAMED
    return "\n".join([*lines, *([f"    and {rest} more"] if rest > 0 else [])])
