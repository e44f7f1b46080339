"""The verbs that bring and make data: fetch, render, prepare."""

import functools
from pathlib import Path

from segnet.cli.common import add_split, add_verb, add_workers


def add_fetch(verbs) -> None:
    parser = add_verb(
        verbs,
        "fetch",
        _fetch,
        "download a public set, only the part that is wanted",
        "  segnet fetch vkitti1 Data --world 0001 --variation sunset --dry-run\n"
        "  segnet fetch vkitti1 Data --world 0001 --variation sunset",
    )
    parser.add_argument("name", metavar="SET", help="vkitti1, vkitti2, kitti, camvid")
    parser.add_argument("data", metavar="DATA", type=Path, help="folder to write")
    parser.add_argument("--world", action="append", help="only this one; may repeat")
    parser.add_argument(
        "--variation", action="append", help="only this one; may repeat"
    )
    parser.add_argument("--base-url", help="a mirror with the publisher's file names")
    parser.add_argument(
        "--connections", type=int, default=4, help="at a time (default 4)"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="only tell bytes, frames and requests"
    )
    parser.add_argument(
        "--verify", action="store_true", help="read back what is there already"
    )


def _fetch(arguments) -> None:
    from tqdm.auto import tqdm

    from segnet.data.fetch import fetch

    summary = fetch(
        arguments.name,
        arguments.data,
        worlds=arguments.world,
        variations=arguments.variation,
        base_url=arguments.base_url,
        connections=arguments.connections,
        dry_run=arguments.dry_run,
        verify=arguments.verify,
        bar=functools.partial(tqdm, unit_scale=True),
    )
    print(summary)


def add_render(verbs) -> None:
    parser = add_verb(
        verbs,
        "render",
        _render,
        "render a drive through a small town as a Virtual KITTI 1.3.1 tree",
        "  segnet render Data --world 0001 --variation clone --variation fog"
        " --frames 64 --seed 0",
    )
    parser.add_argument("data", metavar="DATA", type=Path, help="folder to write")
    parser.add_argument(
        "--world",
        default="0001",
        help="a town like one of Virtual KITTI's: 0001 (default), 0002, 0006, 0018, "
        "0020; or the streets of a city: city1, city2, city3; winter1 to winter3; "
        "high1 to high3, with shops",
    )
    parser.add_argument(
        "--variation",
        action="append",
        help="clone (default), fog, morning, overcast, rain, sunset,"
        " 15-deg-left ... 30-deg-right; may repeat",
    )
    parser.add_argument(
        "--frames", type=int, default=64, help="length of the drive (default 64)"
    )
    parser.add_argument(
        "--every", type=int, default=1, help="only each N-th of the frames", metavar="N"
    )
    parser.add_argument(
        "--seed", type=int, default=0, help="another seed, another town"
    )
    parser.add_argument(
        "--size",
        type=int,
        nargs=2,
        default=(375, 1242),
        metavar=("H", "W"),
        help="height and width in pixels (default 375 1242)",
    )
    parser.add_argument(
        "--focal",
        type=float,
        metavar="PIXELS",
        help="focal length of the camera; the default sees 81 degrees across, and a "
        "longer one less",
    )
    add_workers(parser)


def _render(arguments) -> None:
    from tqdm.auto import tqdm

    from segnet.data.scenes import render

    render(
        arguments.data,
        world=arguments.world,
        variations=tuple(arguments.variation or ["clone"]),
        frames=arguments.frames,
        seed=arguments.seed,
        workers=arguments.workers,
        progress=tqdm,
        every=arguments.every,
        size=tuple(arguments.size),
        focal=arguments.focal,
    )
    count = len(range(0, arguments.frames, arguments.every))
    print(f"rendered {count} frames a variation into {arguments.data}")


def add_prepare(verbs) -> None:
    from segnet.data import READERS

    parser = add_verb(
        verbs,
        "prepare",
        _prepare,
        "turn a dataset into a compressed store and its class maps",
        "  segnet prepare vkitti1 Data Store --scale 3\n"
        "  segnet prepare vkitti2 Data Store --scale 3 --resume   # after a kill\n"
        "  segnet prepare camvid CamVid Store --scale 1\n"
        "  segnet prepare folder Images Masks Store --classes map.json --scale 2",
    )
    sources = ", ".join(READERS)
    parser.add_argument("source", metavar="SOURCE", help=f"one of {sources}")
    parser.add_argument("data", metavar="DATA", type=Path, help="folder of the dataset")
    parser.add_argument(
        "masks", nargs="?", type=Path, help="only for folder: the label images"
    )
    parser.add_argument("out", metavar="OUT", type=Path, help="folder to write")
    parser.add_argument(
        "--scale", type=float, default=3, help="divide height and width (default 3)"
    )
    parser.add_argument(
        "--classes",
        help="a mapping such as vkitti-to-cityscapes; for folder: its class map, .json",
    )
    parser.add_argument("--world", action="append", help="only this world; may repeat")
    parser.add_argument(
        "--variation", action="append", help="only this variation; may repeat"
    )
    parser.add_argument("--camera", action="append", help="only this one; may repeat")
    parser.add_argument(
        "--skip-bad", action="store_true", help="leave bad frames out, and list them"
    )
    parser.add_argument(
        "--shard-frames",
        type=int,
        metavar="N",
        help="store more than N frames in files of up to N, one a process (default:"
        " one file up to 2048 frames, else files of 512)",
    )
    parser.add_argument(
        "--resume",
        action="store_true",
        help="after a kill or an error, with the same settings: keep the files that"
        " are finished",
    )
    add_split(parser)
    add_workers(parser)


def _prepare(arguments) -> None:
    from tqdm.auto import tqdm

    from segnet.check.rules import void_doubt
    from segnet.data.prepare import prepare
    from segnet.data.store import open_store

    path = prepare(
        arguments.source,
        arguments.data,
        arguments.out,
        masks=arguments.masks,
        scale=arguments.scale,
        classes=arguments.classes,
        worlds=arguments.world,
        variations=arguments.variation,
        cameras=arguments.camera,
        split=arguments.split,
        val_share=arguments.val_share,
        val_worlds=arguments.val_world,
        fold=arguments.fold,
        gap=arguments.gap,
        seed=arguments.seed,
        workers=arguments.workers,
        skip_bad=arguments.skip_bad,
        shard_frames=arguments.shard_frames,
        resume=arguments.resume,
        progress=tqdm,
    )
    with open_store(path) as store:
        print(store.describe())
        for line in store.skipped:
            print(f"skipped {line}")
        facts = store.attributes
        # Shards of an older run that was resumed have no such counts.
        if "class_pixels" in facts:
            pixels = facts["class_pixels"]
            doubt = void_doubt(facts["source"], store.class_map, pixels)
            if doubt:
                print(f"warning: {doubt}")
