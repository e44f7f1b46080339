"""The layers of each network by name, one a line in `tests/layers/<network>.txt`.

The names are part of saved weights, so a rename is a decision: it makes the shipped
weights unreadable. The order is that of `keras.Model.layers`: of the references
at 125x414, of the other networks at 65x97, where each pads and crops.
"""

from pathlib import Path

FOLDER = Path(__file__).parents[1] / "layers"


def layer_names(network: str) -> list[str]:
    return (FOLDER / f"{network}.txt").read_text(encoding="utf-8").split()
