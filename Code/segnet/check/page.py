"""The findings of `segnet check` as one HTML page with its pictures inside."""

import base64
import io
import math
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

import numpy as np
from PIL import Image

from segnet import __version__
from segnet.check.findings import Findings, Problem, Twin
from segnet.check.image_hash import BITS, IMAGE_DISTANCE, LABEL_DISTANCE
from segnet.check.views import Item, Reading, View
from segnet.system.files import replacing
from segnet.system.text import shown

SAMPLES_A_SPLIT = 2
TRIES_A_SAMPLE = 4
TWINS_SHOWN = 4
COLOURS_SHOWN = 24
FRAMES_OPEN = 8
PICTURE_WIDTH = 420
JPEG_QUALITY = 82
SMALLEST_BAR = 1e-4

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #333; max-width: 900px;
  margin: 2em auto; padding: 0 1em; }
h1 { font-size: 1.4em; margin-bottom: 0; overflow-wrap: anywhere; }
h2 { font-size: 1.1em; margin: 2em 0 .5em; }
p { margin: .3em 0; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .15em 1.2em .15em 0; }
td { border-top: 1px solid #e4e4e4; }
td:first-child { white-space: nowrap; }
table.shares { width: 100%; }
table.shares td:first-child { width: 8em; }
.bar { display: flex; align-items: center; gap: .6em; }
.bar span { width: 3em; text-align: right; }
.bar div { flex: 1; }
.bar b { display: block; height: .8em; box-shadow: inset 0 0 0 1px #0003; }
.swatch { display: inline-block; width: .8em; height: .8em; margin-right: .5em;
  box-shadow: inset 0 0 0 1px #0005; }
.problem { border-left: 5px solid; padding: .1em .8em; margin: .7em 0; }
.problem strong { text-transform: uppercase; font-size: .8em; margin-right: .4em; }
.error { border-color: #c22f3d; } .error strong { color: #c22f3d; }
.warning { border-color: #d08a1d; } .warning strong { color: #9a6200; }
.note { border-color: #b9c4cc; } .note strong { color: #5f7482; }
details { font-size: .9em; } summary { cursor: pointer; color: #20639b; }
details ol { max-height: 22em; overflow: auto; overflow-wrap: anywhere; }
figure { margin: .8em 0 1.2em; }
figure div { display: grid; grid-template-columns: 1fr 1fr; gap: 4px; }
figure img { width: 100%; display: block; }
figcaption { font-size: .85em; overflow-wrap: anywhere; }
.small { font-size: .85em; color: #666; }
"""


def write_report(path: str | Path, findings: Findings, view: View | None) -> None:
    """Writes the page.

    Args:
        path: The HTML file.
        findings: What was found.
        view: What was read, for the pictures; None where nothing could be.
    """
    parts = [
        f"<h1>{escape(findings.name)}</h1>",
        f"<p>{escape(findings.verdict)}</p>",
        *(_problem(problem) for problem in findings.problems),
    ]
    if view is not None:
        parts += [
            *_unknown(findings),
            *_shares(findings),
            *_samples(findings, view),
            *_twins(findings.twins, view),
            *_method(),
        ]
    page = (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f"<title>segnet check: {escape(findings.name)}</title>\n"
        f"<style>{STYLE}</style>\n</head>\n<body>\n" + "\n".join(parts) + "\n"
        f'<p class="small">segnet {__version__}</p>\n</body>\n</html>\n'
    )
    with replacing(path) as part:
        part.write_text(shown(page), encoding="utf-8")


def _problem(problem: Problem) -> str:
    text = (
        f'<div class="problem {problem.severity}"><strong>{problem.severity}</strong>'
        f"{escape(problem.text)}"
    )
    if problem.frames:
        lines = "".join(f"<li>{escape(line)}</li>" for line in problem.frames)
        short = problem.severity == "error" and len(problem.frames) <= FRAMES_OPEN
        text += (
            f"<details{' open' * short}><summary>{len(problem.frames)} frames</summary>"
            f"<ol>{lines}</ol></details>"
        )
    return text + "</div>"


def _unknown(findings: Findings) -> Iterable[str]:
    if not findings.unknown_colours:
        return
    yield "<h2>Unknown label colours</h2>"
    rows = [
        (_swatch(colour) + escape(str(colour)), f"{pixels:,}", str(files))
        for colour, pixels, files in findings.unknown_colours[:COLOURS_SHOWN]
    ]
    yield _table(("colour", "pixels", "label images"), rows)
    yield '<p class="small">The most frequent ones of each label image.</p>'


def _shares(findings: Findings) -> Iterable[str]:
    splits = findings.splits
    yield "<h2>Class shares</h2>"
    yield f'<p class="small">Split: {escape(findings.split_rule)}</p>'
    rows = zip(
        findings.class_map.names,
        findings.class_map.colours,
        *(split.shares for split in splits),
        strict=True,
    )
    cells = [
        (_swatch(colour) + escape(name), *(_bar(share, colour) for share in shares))
        for name, colour, *shares in rows
    ]
    void = [_bar(split.void_share, (0, 0, 0)) for split in splits]
    cells.append((_swatch((0, 0, 0)) + "void", *void))
    frames = (f'<div class="bar"><span>{s.frames}</span></div>' for s in splits)
    cells.append(("frames", *frames))
    yield _table(("class", *(split.name for split in splits)), cells, "shares")
    sizes = ", ".join(f"{h}x{w} ({count})" for (h, w), count in findings.sizes)
    yield (
        '<p class="small">Percent of the pixels that are not void; void: percent of '
        f"all pixels. Bars are logarithmic, from {100 * SMALLEST_BAR:g} % to 100 %. "
        f"Image sizes: {sizes or 'none could be read'}.</p>"
    )


def _bar(share: float, colour: Sequence[int]) -> str:
    if not share:
        return '<div class="bar"><span>-</span></div>'
    length = 1 - math.log(max(share, SMALLEST_BAR)) / math.log(SMALLEST_BAR)
    return (
        f'<div class="bar"><span>{100 * share:.2f}</span><div><b style="width:'
        f'{100 * length:.0f}%;background:rgb{tuple(colour)}"></b></div></div>'
    )


def _samples(findings: Findings, view: View) -> Iterable[str]:
    from segnet.pictures import overlay

    yield "<h2>Sample frames</h2>"
    for split in findings.splits[1:]:
        items = [item for item in view.items if item.split == split.name]
        for item, found in _spread(items, view):
            labelled = overlay(found.image, found.labels, view.class_map)
            caption = f"{split.name}: {item.id}, and its labels laid over it"
            yield _figure((found.image, labelled), caption)


def _spread(items: Sequence[Item], view: View) -> Iterable[tuple[Item, Reading]]:
    """Frames from the whole split, each replaced by a later one where it is bad."""
    places = np.linspace(0, len(items), SAMPLES_A_SPLIT, endpoint=False)
    for start in places.astype(int):
        for item in items[start : start + TRIES_A_SAMPLE]:
            found = view.read(item)
            if _shows(found, view):
                yield item, found
                break


def _shows(found: Reading, view: View) -> bool:
    if found.image is None or found.labels is None:
        return False
    ids = found.labels[found.labels != view.class_map.void]
    known = not ids.size or ids.max() < view.class_map.num_classes
    return known and found.image.shape[:2] == found.labels.shape


def _twins(twins: Sequence[Twin], view: View) -> Iterable[str]:
    if not twins:
        return
    yield "<h2>Near-duplicates across the split</h2>"
    chosen = np.linspace(0, len(twins) - 1, min(TWINS_SHOWN, len(twins)))
    for index in chosen.round().astype(int):
        twin = twins[index]
        images = [view.read(item).image for item in (twin.item, twin.train)]
        caption = (
            f"{twin.item.split}: {twin.item.id} and train: {twin.train.id}, alike by "
            f"{twin.by}, {twin.bits} of {BITS} bits apart"
        )
        yield _figure([image for image in images if image is not None], caption)
    yield f'<p class="small">{len(chosen)} of {len(twins)} pairs.</p>'


def _method() -> Iterable[str]:
    yield "<h2>How near-duplicates are found</h2>"
    yield (
        f'<p class="small">Each image, and each label map in the greys of its colours, '
        f"gets a difference hash of {BITS} bits. Two images are alike up to "
        f"{IMAGE_DISTANCE} bits, two label maps up to {LABEL_DISTANCE}. Each frame of "
        f"val and test is compared with all of train. Views of one place that differ "
        f"more are not found, so none found does not mean a hard test.</p>"
    )


def _figure(images: Iterable[np.ndarray], caption: str) -> str:
    pictures = "".join(
        f'<img alt="" src="data:image/jpeg;base64,{_jpeg(image)}">' for image in images
    )
    return (
        f"<figure><div>{pictures}</div>"
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def _jpeg(image: np.ndarray) -> str:
    picture = Image.fromarray(image)
    if picture.width > PICTURE_WIDTH:
        height = max(1, round(picture.height * PICTURE_WIDTH / picture.width))
        picture = picture.resize((PICTURE_WIDTH, height), Image.Resampling.BOX)
    content = io.BytesIO()
    picture.save(content, "JPEG", quality=JPEG_QUALITY)
    return base64.b64encode(content.getvalue()).decode("ascii")


def _table(
    head: Sequence[str], rows: Iterable[Sequence[str]], kind: str = "plain"
) -> str:
    lines = ["".join(f"<th>{escape(name)}</th>" for name in head)]
    lines += ["".join(f"<td>{cell}</td>" for cell in row) for row in rows]
    body = "\n".join(f"<tr>{line}</tr>" for line in lines)
    return f'<table class="{kind}">\n{body}\n</table>'


def _swatch(colour: Sequence[int]) -> str:
    return f'<span class="swatch" style="background:rgb{tuple(colour)}"></span>'
