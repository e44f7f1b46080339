"""Stores the notebook's pictures with 256 colours, and leaves its progress bars out.

`make notebook` runs it after the notebook. Bars are widgets, which a stored notebook
cannot show; nothing else in the file changes.
"""

import base64
import io
import json
from pathlib import Path

from PIL import Image

WIDGET = "application/vnd.jupyter.widget-view+json"
NOTEBOOK = Path(__file__).parents[2] / "Code" / "train_network.ipynb"


def with_256_colours(png: bytes) -> bytes:
    """Returns a picture as a PNG with a palette, or as it is if that is smaller."""
    content = io.BytesIO()
    with Image.open(io.BytesIO(png)) as picture:
        picture.convert("RGB").quantize(256).save(content, "PNG", optimize=True)
    return min(content.getvalue(), png, key=len)


def is_bar(output: dict) -> bool:
    """Returns whether an output of a cell is a progress bar."""
    return WIDGET in output.get("data", {})


def main() -> None:
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    notebook["metadata"].pop("widgets", None)
    for cell in notebook["cells"]:
        if "outputs" in cell:
            cell["outputs"] = [o for o in cell["outputs"] if not is_bar(o)]
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if "image/png" in data:
                png = base64.b64decode("".join(data["image/png"]))
                text = base64.b64encode(with_256_colours(png)).decode()
                data["image/png"] = text
    text = json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
    NOTEBOOK.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
