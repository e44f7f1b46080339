"""The objects of one training run, from the recipe and the stores.

Sizes: frames are (H, W); the training model takes crops (h, w), which are the frames
where the recipe names no crop; B is the number of frames in a batch, K that of classes.
"""

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

import keras
import numpy as np

from segnet.data.batches import Batches
from segnet.data.batches.augment import Augmentation
from segnet.data.batches.own import own_augmentation
from segnet.data.batches.two_stores import TwoStoreBatches
from segnet.data.store import LabelledFrames, Split, Store
from segnet.data.store.joined import Joined
from segnet.losses.own import find_loss
from segnet.metrics import MeanIoU, scores
from segnet.models.build import build_inference_model, copy_matching
from segnet.models.weight_file import assign_variables
from segnet.recipe import Recipe
from segnet.runs import folder as run_folder
from segnet.runs.keras_file import save_model
from segnet.runs.loading import load
from segnet.runs.state import Progress, load_state
from segnet.system.files import replacing
from segnet.train.augmented_model import (
    AugmentedModel,
    DeviceBatches,
    augments_on_device,
)
from segnet.train.batch_stream import Prefetcher, SequentialBatches
from segnet.train.class_weights import class_weights
from segnet.train.optimizer import AveragedAdamW, WarmupDecay
from segnet.train.pair import (
    build_training_model,
    compile_training_model,
    for_outputs,
    name_state,
    plain_optimizer,
    update_inference_model,
)
from segnet.train.teacher import with_teacher


class Run:
    """Data, both models, loss and optimizer of one run, ready for its first epoch.

    Args:
        store: Open, with the splits train and val.
        recipe: How to train.
        extra: Frames of a second store, or None.
        begun: Whether a state will replace the first weights, so that those the recipe
            starts from need not be there any more.
        marks: From `segnet.train.checks`, for `Progress.data`.

    Raises:
        FileNotFoundError: Weights that the recipe names are missing.
        ValueError: Recipe, stores and weights do not fit together.
    """

    def __init__(
        self,
        store: Store,
        recipe: Recipe,
        extra: Split | None = None,
        begun: bool = False,
        marks: dict[str, str | None] | None = None,
    ):
        # The order is fixed. The seed comes first, since each network that is built
        # draws its first weights from it: those of the training model must be the
        # first for a seed to give the same run again.
        keras.utils.set_random_seed(recipe.seed)
        self.recipe, self.class_map = recipe, store.class_map
        self.val = store["val"]
        split: LabelledFrames = store["train"]
        if recipe.include_val:
            split = Joined([store["train"], self.val])
        self.batches = _batches(split, recipe, extra)
        self.data = _facts(split, self.val, extra) | (marks or {})
        weights, loss = _loss(split, recipe, extra)
        # Then the model; its wrapper before the optimizer, which is built for it.
        self.model, self.new_layers = _training_model(split, recipe, begun)
        self.feed: Callable[[int, int], tuple] = self.batches
        if augments_on_device(recipe.augment_on):
            _check_sizes(split, extra)
            self.feed = DeviceBatches(self.batches)
            self.model = AugmentedModel(self.model, self.batches)
        self.rate = _learning_rate(recipe, len(self.batches))
        optimizer = _optimizer(recipe, self.rate, self.model)
        compile_training_model(self.model, optimizer, loss, recipe)
        # The teachers take the compiled model's optimizer.
        names = self.data["classes"]
        self.learner = with_teacher(self.model, loss, weights, recipe, names)
        # Last, the network that is scored and saved, with weights from the model.
        num_classes = self.class_map.num_classes
        self.inference = build_inference_model(recipe, split.size, num_classes)
        self.metric = MeanIoU(num_classes, self.class_map.void)
        # Compiling `inference` itself would tie best.keras to this package's loss.
        self.scorer = keras.Model(self.inference.inputs, self.inference.outputs)
        self.scorer.compile(loss=loss, metrics=[self.metric])

    @property
    def variables(self) -> dict[str, keras.Variable]:
        """Everything that changes in training, by name."""
        return name_state(self.model)

    @property
    def learning_rate(self) -> float:
        """The rate of the last step, as `optimizer.learning_rate` is the next one's."""
        steps = int(plain_optimizer(self.model).iterations.numpy())
        return float(keras.ops.convert_to_numpy(self.rate(max(0, steps - 1))))

    def resume(self, out: Path) -> Progress:
        """Returns the progress of a run folder, and sets all variables as they were.

        A missing best.keras is written again where the state holds its weights.

        Raises:
            ValueError: The store or the network is not the one the run was begun with,
                the state cannot be read, or best.keras is missing for good.
        """
        progress, arrays = load_state(out, self.data)
        state, best = out / run_folder.STATE, out / run_folder.BEST
        last = len(progress.rows)
        # A run that trains on val has nothing to choose on: the last is its best.
        chosen = last if self.recipe.include_val else progress.best_epoch
        is_lost = bool(chosen) and not best.is_file()
        if is_lost and chosen != last:
            raise ValueError(
                f"{best} is missing, the weights of epoch {chosen}; bring it back, or "
                f"take those of epoch {last} in {state}: evaluate them, pack them "
                f"(--weights last), or train on from them in another folder (--init)"
            )
        where = (
            f"{state}: not the state of this {self.recipe.model}, so start again in "
            f"another folder"
        )
        assign_variables(self.variables, arrays, where)
        if is_lost:
            update_inference_model(self.model, self.inference)
            self.save_best(out)
        # The history of a killed run may be ahead of its state, by the epochs since it
        # was written, or one behind it, by a kill between the two files.
        run_folder.write_history(out, progress.rows)
        return progress

    def fit(self, done: int, callbacks: Sequence[keras.callbacks.Callback]) -> None:
        """Trains the epochs that are missing.

        Args:
            done: The number of finished epochs.
            callbacks: For `keras.Model.fit`, in the order of their calls.
        """
        steps = len(self.batches)

        def batch(step: int) -> tuple:
            # (B, h, w, 3) and (B, h, w) uint8; on the device (B, H, W, 3) and (B, H, W)
            # with the numbers of `DeviceBatches`.
            inputs, labels = self.feed(*divmod(done * steps + step, steps))
            return inputs, for_outputs(self.model, labels)

        with Prefetcher(batch, (self.recipe.epochs - done) * steps) as stream:
            try:
                self.learner.fit(
                    stream,
                    shuffle=False,
                    steps_per_epoch=steps,
                    epochs=self.recipe.epochs,
                    initial_epoch=done,
                    callbacks=list(callbacks),
                    verbose=0,
                )
            except Exception:
                # TensorFlow wraps what a data thread raises in pages of its own.
                if stream.failure is not None:
                    raise stream.failure from None
                raise

    def validate(self) -> dict[str, float]:
        """Returns the scores of the current weights on val."""
        update_inference_model(self.model, self.inference)
        # Whole frames take more memory than crops.
        frames = SequentialBatches(self.val, max(1, self.recipe.batch_size // 2))
        logs = self.scorer.evaluate(frames, verbose=0, return_dict=True)
        found = scores(self.metric.matrix())  # of (K, K)
        return {
            "val_loss": logs["loss"],
            "val_miou": found.miou,
            "val_pixel_accuracy": found.pixel_accuracy,
        }

    def save_best(self, out: Path) -> None:
        """Writes best.keras, the inference model as it is."""
        with replacing(out / run_folder.BEST) as part:
            save_model(self.inference, part, self.class_map)


def _batches(
    split: LabelledFrames, recipe: Recipe, extra: Split | None
) -> Batches | TwoStoreBatches:
    """Returns the training batches of a recipe, from one split or from two."""
    names = [field.name for field in dataclasses.fields(Augmentation)]
    augmentation = Augmentation(**{name: getattr(recipe, name) for name in names})
    share = round(recipe.batch_size * recipe.extra_share)
    if extra and not 0 < share < recipe.batch_size:
        raise ValueError(
            f"recipe: extra_share {recipe.extra_share} of batch_size "
            f"{recipe.batch_size} is {share} frames; both stores must give at least one"
        )
    own = recipe.batch_size - share
    batches = Batches(
        split,
        own,
        augmentation,
        recipe.seed,
        balance=recipe.balance,
        own=own_augmentation(recipe.augment, split.store.class_map),
    )
    return TwoStoreBatches(batches, extra, share) if extra else batches


def _facts(split: LabelledFrames, val: Split, extra: Split | None) -> dict:
    """Returns the facts that a resumed run compares, except marks of the stores."""
    facts = {
        "train": len(split),
        "val": len(val),
        "size": [int(side) for side in split.size],
        "classes": list(val.store.class_map.names),
    }
    return facts | ({"extra": len(extra)} if extra else {})


def _loss(
    split: LabelledFrames, recipe: Recipe, extra: Split | None
) -> tuple[np.ndarray | None, keras.losses.Loss]:
    """Returns (K,) class weights, None for all equal, and the loss that uses them."""
    rule, cap = recipe.class_weights, recipe.weight_cap
    weights = class_weights(split, rule, cap, extra, recipe.extra_share)
    return weights, find_loss(recipe.loss)(weights, split.store.class_map.void)


def _training_model(
    split: LabelledFrames, recipe: Recipe, begun: bool
) -> tuple[keras.Model, list[str] | None]:
    """From (B, h, w, 3) to (B, h, w, K), with the first weights of the recipe.

    Returns:
        The model, and the names of the layers that `recipe.init` gave no weights, None
        where all of them start anew or a state will be read.
    """
    num_classes = split.store.class_map.num_classes
    model = build_training_model(recipe, recipe.crop or split.size, num_classes)
    if recipe.init and not begun:
        return model, copy_matching(load(recipe.init), model)
    return model, None


def _check_sizes(split: LabelledFrames, extra: Split | None) -> None:
    if extra and extra.size != split.size:
        raise ValueError(
            f"frames of {extra.size} and of {split.size} cannot be changed in one "
            f"batch on the device; take --augment-on cpu"
        )


def _learning_rate(recipe: Recipe, steps: int) -> WarmupDecay:
    """Returns the rates of a run with so many steps an epoch."""
    return WarmupDecay(
        recipe.learning_rate,
        steps=recipe.epochs * steps,
        warmup_steps=round(recipe.warmup_epochs * steps),
        decay=recipe.schedule,
    )


def _optimizer(
    recipe: Recipe, rate: WarmupDecay, model: keras.Model
) -> keras.optimizers.Optimizer:
    """AdamW, built for the model."""
    decay = {"weight_decay": recipe.weight_decay}
    if recipe.ema:
        optimizer = AveragedAdamW(rate, momentum=recipe.ema, **decay)
    else:
        optimizer = keras.optimizers.AdamW(rate, **decay)
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    optimizer.build(model.trainable_variables)
    return optimizer
