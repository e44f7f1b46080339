"""Several stores with frames of one size as one store, to train on all of them.

    python benchmarks/joined_store.py FIRST MORE [MORE ...] OUT

train of OUT holds the train of FIRST and everything of the others, val the val of
FIRST. So frames that were rendered into several folders, a town under each seed, make
one training; what it was good for is in docs/experiments.md.
"""

import argparse
from collections.abc import Sequence
from contextlib import ExitStack
from itertools import chain
from pathlib import Path

from mixed_store import frames

from segnet.data.packing import IMAGE_LEVEL, LABEL_LEVEL, pack
from segnet.data.store import Store, open_store
from segnet.data.store_writer import create_store


def check(stores: Sequence[Store]) -> None:
    """Raises ValueError where classes or size of a store are not the first's."""
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
    """Writes the store described above from at least one other.

    Raises:
        ValueError: Their classes or sizes differ.
    """
    with ExitStack() as stack:
        stores = [stack.enter_context(open_store(path)) for path in paths]
        check(stores)
        first, others = stores[0], stores[1:]
        parts = [(0, first["train"])]
        for number, other in enumerate(others, 1):
            parts += [(number, other["train"]), (number, other["val"])]
        # The same world and frame number may stand in each of them.
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
        sources = {"train": [part for _, part in parts], "val": [first["val"]]}
        size = first["train"].size
        with create_store(out, first.class_map, names, size, attributes) as writer:
            for split, of_split in sources.items():
                every = chain.from_iterable(map(frames, of_split))
                for index, (_, image, labels) in enumerate(every):
                    packed = pack(image, IMAGE_LEVEL), pack(labels, LABEL_LEVEL)
                    writer.write(split, index, *packed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("stores", nargs="+", help="store.h5, the first one's val stays")
    parser.add_argument("out", help="store.h5 to write")
    arguments = parser.parse_args()
    Path(arguments.out).parent.mkdir(parents=True, exist_ok=True)
    join(arguments.stores, arguments.out)


if __name__ == "__main__":
    main()
