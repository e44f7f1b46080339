"""Collects the reports of `segnet export` in a folder into docs/figures/exported.json.

    STORE=CamVidStore/store.h5 python experiments/exported.py Exported --export
    python docs/make/results.py

With --export it first writes what is missing: the weights for CamVid in every format
and precision, checked on val of $STORE; all other weights in every format in float32,
checked on rendered frames. A killed run goes on where it was.
"""

import argparse
import json
import os
from pathlib import Path

from segnet.bench.machine import cpu_name
from segnet.models.shipped import read_index
from segnet.runtimes.formats import FORMATS
from segnet.system.files import replacing

ROOT = Path(__file__).parents[1]
FIGURES = ROOT / "docs" / "figures" / "exported.json"
CAMVID = "camvid11"


def export_all(folder: Path, names: list[str], store: str) -> None:
    """Writes each file whose report is missing."""
    from segnet.export import export

    for name in names:
        real = name.endswith(CAMVID)
        for format, suffix in FORMATS.items():
            smaller = ("int8", "float16") if real and suffix else ()
            for precision in ("float32", *smaller):
                path = folder / f"{name}.{precision}{suffix}"
                if path.with_name(f"{path.name}.json").is_file():
                    continue
                check = {"check": store} if real else {}
                if precision == "int8":
                    check["calibrate"] = store
                report = export(name, path, format, precision=precision, **check)
                print(report.text(), flush=True)


def collect(folder: Path) -> dict:
    """Returns the processor and a row for each report."""
    rows = []
    for path in sorted(folder.glob("*.json")):
        report = json.loads(path.read_text(encoding="utf-8"))
        last = report["files"][-1]
        proof = last["proof"]
        rows.append(
            {
                "weights": report["facts"]["weights"],
                "format": report["format"],
                "precision": last["precision"],
                "size": report["facts"]["size"],
                "bytes": last["bytes"],
                "share": proof["differing"] / proof["pixels"],
                "clear": proof["clear"],
                "frames": proof["words"],
                "keras_miou": proof["keras_miou"],
                "miou": proof["miou"],
                "runtime": report["runtime"].partition(" on ")[0],
            }
        )
    return {"cpu": cpu_name(), "files": rows}


def main() -> None:
    """Writes the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--export", action="store_true")
    parser.add_argument("--names", nargs="+", default=list(read_index()))
    arguments = parser.parse_args()
    if arguments.export:
        export_all(arguments.folder, arguments.names, os.environ["STORE"])
    with replacing(FIGURES) as part:
        text = json.dumps(collect(arguments.folder), indent=1)
        part.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
