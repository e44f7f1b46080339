"""The verb `prepare`: turns a dataset into a store."""

import argparse
from pathlib import Path

from segnet.cli.common import (
    Verbs,
    add_masks,
    add_reader_options,
    add_size,
    add_split,
    add_verb,
    add_workers,
    on_terminal,
    reader_options,
    readers_text,
    say,
    say_split,
    split_of,
)


def add_prepare(verbs: Verbs) -> None:
    parser = add_verb(
        verbs,
        "prepare",
        _prepare,
        "turn a dataset into a compressed store and its class maps",
        "  segnet prepare vkitti1 Data Store --scale 3\n"
        "  segnet prepare vkitti2 Data Store --scale 3 --resume   # after a kill\n"
        "  segnet prepare camvid CamVid Store --scale 1\n"
        "  segnet prepare folder Images Masks Store --classes map.json --scale 2"
        + readers_text(),
    )
    parser.add_argument("source", metavar="SOURCE", help="a reader, see below")
    parser.add_argument("data", metavar="DATA", type=Path, help="folder of the dataset")
    add_masks(parser)
    parser.add_argument("out", metavar="OUT", type=Path, help="folder to write")
    parser.add_argument(
        "--scale",
        type=float,
        help="divide height and width by this (default 3; 1 for your own data)",
    )
    add_size(parser)
    add_reader_options(parser)
    parser.add_argument(
        "--skip-bad", action="store_true", help="leave bad frames out, and list them"
    )
    parser.add_argument(
        "--shard-frames",
        type=int,
        metavar="N",
        help="cut more than N frames into files of up to N, one process a file"
        " (default: one file up to 2048 frames, else files of 512)",
    )
    parser.add_argument(
        "--resume",
        action="store_true",
        help="after a kill or an error, with the same settings: keep finished files",
    )
    add_split(parser)
    add_workers(parser)


def _prepare(arguments: argparse.Namespace) -> None:
    from segnet.check.doubts import camvid_doubt, label_doubts, val_doubt
    from segnet.data.prepare import prepare
    from segnet.data.store import open_store

    path = prepare(
        arguments.source,
        arguments.data,
        arguments.out,
        scale=arguments.scale,
        size=arguments.size,
        **reader_options(arguments),
        split=split_of(arguments),
        workers=arguments.workers,
        skip_bad=arguments.skip_bad,
        shard_frames=arguments.shard_frames,
        resume=arguments.resume,
        progress=on_terminal(),
    )
    with open_store(path) as store:
        say(store.describe())
        for line in store.skipped:
            say(f"skipped {line}")
        facts = store.attributes
        if split_of(arguments) is None:
            say_split(facts["source"], facts["split_rule"])
        for line in facts.get("notes", "").splitlines():
            say(line)
        grey_ids, pixels = facts["grey_ids"], facts["class_pixels"]
        doubts = (
            val_doubt(store.splits),
            camvid_doubt({name: store[name].frame_ids for name in store.splits}),
            *label_doubts(facts["source"], store.class_map, pixels, grey_ids),
        )
        for doubt in filter(None, doubts):
            say(f"warning: {doubt}")
