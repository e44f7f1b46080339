"""Joins several stores with frames of one size into one, for training on all of them.

    python experiments/joined_store.py FIRST MORE [MORE ...] --out OUT

The train split of OUT holds the train split of FIRST and all frames of the others; its
val split is that of FIRST. So one run can train on frames rendered into several
folders, a town for each seed. docs/experiments/rendered.md has the results.
"""

import argparse
from collections.abc import Sequence
from contextlib import ExitStack
from itertools import chain
from pathlib import Path

from mixed_store import fill, frames

from segnet.data.store import Store, open_store
from segnet.data.store.writing import create_store


def check(stores: Sequence[Store]) -> None:
    """Raises ValueError if the classes or the size of a store differ from the first."""
    first = stores[0]
    for other in stores[1:]:
        if other.class_map != first.class_map:
            raise ValueError(f"{other.path} has not the classes of {first.path}")
        if other["train"].size != first["train"].size:
            raise ValueError(
                f"{other.path} has frames of {other['train'].size}, {first.path} of "
                f"{first['train'].size}"
            )


def join(paths: Sequence[str | Path], out: str | Path) -> None:
    """Writes the store described above.

    Raises:
        ValueError: Classes or sizes differ, a store has no train or val, or `out` is
            one of the stores.
    """
    if Path(out).resolve() in {Path(path).resolve() for path in paths}:
        raise ValueError(f"{out} is one of the stores to join; name another file")
    with ExitStack() as stack:
        stores = [stack.enter_context(open_store(path)) for path in paths]
        check(stores)
        first, others = stores[0], stores[1:]
        parts = [(0, first["train"])]
        for number, other in enumerate(others, 1):
            parts += [(number, other["train"]), (number, other["val"])]
        # Each store may hold the same world and frame number.
        names = {
            "train": [f"{n}/{name}" for n, part in parts for name in part.frame_ids],
            "val": list(first["val"].frame_ids),
        }
        rule = f"{first.attributes['split_rule']}; {len(others)} stores added to train"
        attributes = {
            "source": first.attributes["source"],
            "scale": first.attributes["scale"],
            "split_rule": rule,
        }
        train = chain.from_iterable(frames(part) for _, part in parts)
        splits = {"train": train, "val": frames(first["val"])}
        size = first["train"].size
        with create_store(out, first.class_map, names, size, attributes) as writer:
            fill(writer, splits)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("first", help="store.h5 whose val stays val")
    parser.add_argument("more", nargs="+", help="store.h5, all of it for train")
    parser.add_argument("--out", required=True, help="store.h5 to write")
    arguments = parser.parse_args()
    Path(arguments.out).parent.mkdir(parents=True, exist_ok=True)
    join([arguments.first, *arguments.more], arguments.out)


if __name__ == "__main__":
    main()
