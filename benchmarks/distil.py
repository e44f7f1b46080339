"""What a teacher adds to `slim`: `keras.distillation` on our own batches.

    python benchmarks/distil.py STORE --teacher runs/edgesegnet/best.keras [--epochs 20]

Trains the same recipe once without the teacher and once for each weight of the
teacher's logits, and prints the score of each on the val split after the last epoch.
What it said is in docs/experiments.md.
"""

import argparse
from dataclasses import replace

from fused_train import fuse
from keras.distillation import Distiller, LogitsDistillation
from keras.losses import KLDivergence

from segnet.data.store import open_store
from segnet.evaluate import evaluate, load
from segnet.networks import at_size, hand_over
from segnet.recipes import RECIPES
from segnet.streams import Ahead
from segnet.train import _Run


def train_student(store, recipe, teacher, weight: float, temperature: float) -> float:
    """Returns the mIoU on val of a student, which has a teacher if `weight` is not 0.

    Args:
        store: An open store.
        recipe: How the student is trained.
        teacher: A network with the same classes.
        weight: Share of the teacher's part in the loss, 0 to below 1.
        temperature: Divides the logits of both before they are compared.
    """
    run = _Run(store, recipe)
    model, optimizer, loss = run.model, run.model.optimizer, run.model.loss
    if weight:
        model = Distiller(
            teacher=at_size(teacher, run.batches.size),
            student=run.model,
            # Its default, the name of this loss, gives another one in Keras 3.15:
            # the divergence of logits that no softmax has made probabilities.
            distillation_losses=LogitsDistillation(temperature, KLDivergence()),
            student_loss_weight=1 - weight,
        )
        model.compile(optimizer, loss)
    steps = len(run.batches)

    def batch(step: int):
        return run.batches(*divmod(step, steps))

    with Ahead(batch, recipe.epochs * steps) as stream:
        settings = {"steps_per_epoch": steps, "epochs": recipe.epochs}
        model.fit(stream, shuffle=False, verbose=2, **settings)
    hand_over(run.model, run.judge)
    return evaluate(run.judge, store)["miou"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("store")
    parser.add_argument("--teacher", required=True, help=".keras file or shipped name")
    parser.add_argument("--recipe", default="camvid11_slim", choices=sorted(RECIPES))
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--weights", type=float, nargs="+", default=[0.0, 0.5])
    parser.add_argument("--temperature", type=float, default=3.0)
    arguments = parser.parse_args()
    fuse()
    recipe = replace(
        RECIPES[arguments.recipe], epochs=arguments.epochs, augment_on="cpu"
    )
    teacher = load(arguments.teacher)
    with open_store(arguments.store) as store:
        for weight in arguments.weights:
            miou = train_student(store, recipe, teacher, weight, arguments.temperature)
            print(f"teacher {weight:g}: mIoU {100 * miou:.1f}", flush=True)


if __name__ == "__main__":
    main()
