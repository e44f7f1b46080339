"""The verbs that compare: models, bench."""

from pathlib import Path

from segnet.cli.common import add_verb, add_workers


def add_models(verbs) -> None:
    parser = add_verb(
        verbs,
        "models",
        _models,
        "compare the networks: parameters, MACs, receptive field, file size",
        "  segnet models --input-shape 125 414 --num-classes 14 --out docs/pictures",
    )
    parser.add_argument(
        "--input-shape", type=int, nargs=2, default=(125, 414), metavar=("H", "W")
    )
    parser.add_argument("--num-classes", type=int, default=14)
    parser.add_argument(
        "--out", type=Path, help="folder for a picture of each network's structure"
    )


def _models(arguments) -> None:
    from segnet.models import MODELS
    from segnet.models.describe import summary, summary_table

    shape = (*arguments.input_shape, 3)
    networks = [
        build(input_shape=shape, num_classes=arguments.num_classes)
        for build in MODELS.values()
    ]
    print(summary_table(summary(networks)))
    if arguments.out:
        _draw(networks, arguments.out)


def _draw(networks, folder: Path) -> None:
    from segnet.models.drawing import draw_structure

    for network in networks:
        path = folder / f"structure_{network.name}.png"
        draw_structure(network, path)
        print(path)


def add_bench(verbs) -> None:
    parser = add_verb(
        verbs,
        "bench",
        _bench,
        "measure against the obvious alternative, as ratios from one run",
        "  segnet bench prepare --frames 447\n"
        "  segnet bench train --size 360 480 --batch-size 8",
    )
    parser.add_argument("what", choices=("prepare", "train"))
    preparing = parser.add_argument_group("prepare")
    preparing.add_argument("--frames", type=int, default=447, help="default 447")
    add_workers(preparing)
    training = parser.add_argument_group("train")
    training.add_argument("--size", type=int, nargs=2, default=(360, 480))
    training.add_argument("--num-classes", type=int, default=11, help="default 11")
    training.add_argument("--batch-size", type=int, default=8, help="default 8")
    training.add_argument("--rounds", type=int, default=5, help="default 5")


def _bench(arguments) -> None:
    from tqdm.auto import tqdm

    if arguments.what == "prepare":
        from segnet.bench.prepare import bench_prepare

        frames, workers = arguments.frames, arguments.workers
        bench_prepare(frames=frames, workers=workers, progress=tqdm)
    else:
        from segnet.bench.train import bench_train

        bench_train(
            size=tuple(arguments.size),
            num_classes=arguments.num_classes,
            batch_size=arguments.batch_size,
            rounds=arguments.rounds,
            progress=tqdm,
        )
