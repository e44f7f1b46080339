"""Training: one recipe, one store, one run folder; stopped and resumed at will.

Two models share one set of weights: the trained one has the size of the crops, the
other the size of the frames. The second gets the averaged weights (or the plain ones,
where the recipe keeps no average), is scored on val, and is what `best.keras` holds;
the first goes on undisturbed.
"""

import json
import math
import time
from contextlib import ExitStack
from pathlib import Path

import keras

from segnet.data.batches import Batches
from segnet.data.batches.augment import Augmentation
from segnet.data.batches.two_stores import TwoStoreBatches
from segnet.data.store import Split, Store, open_store
from segnet.data.store.joined import Joined
from segnet.evaluate import evaluate
from segnet.losses import LOSSES
from segnet.metrics import MeanIoU, scores
from segnet.models import MODELS
from segnet.models.build import build_judge, copy_matching
from segnet.recipe import Recipe
from segnet.runs import folder as run_folder
from segnet.runs.keras_file import save_model
from segnet.runs.loading import load
from segnet.system.files import replacing
from segnet.system.locks import alone
from segnet.train.augmented_model import (
    AugmentedModel,
    DeviceBatches,
    augments_on_device,
)
from segnet.train.batch_stream import Prefetcher, SequentialBatches
from segnet.train.checks import check_crop, check_labels
from segnet.train.class_weights import class_weights
from segnet.train.kernels import use_kernels
from segnet.train.optimizer import AveragedAdamW, WarmupDecay
from segnet.train.pair import build_trained, compile_trained, for_outputs, hand_over
from segnet.train.teacher import with_teacher


def train(
    store_path: str | Path,
    recipe: Recipe,
    out: str | Path,
    resume: bool = False,
    verbose: str | int = "auto",
    extra: str | Path | None = None,
    kernels: str = "keras",
) -> Path:
    """Returns the run folder of a finished training.

    It holds recipe.json, history.csv (a row an epoch), best.keras (the weights with
    the highest mIoU on val, loadable with plain Keras), last.npz (what resuming
    needs) and report.json (best.keras scored on val). A recipe that trains on val
    keeps the last weights as best.keras and writes no report.

    Args:
        store_path: A store with the splits train and val.
        recipe: How to train.
        out: The run folder, new unless `resume`.
        resume: Go on after the last finished epoch; a folder without a state starts
            from the beginning.
        verbose: As in `keras.Model.fit`; 0 prints nothing.
        extra: A second store with the same classes, whose train frames fill
            `recipe.extra_share` of each batch; rendered frames beside real ones, say.
        kernels: "keras", or "fast" for those of `segnet.train.kernels`.

    Raises:
        FileNotFoundError: There is no store.
        OSError: Another process trains into the folder.
        ValueError: Recipe, store and run folder do not fit together, or the loss
            stopped being a number.
    """
    if recipe.model not in MODELS:
        raise ValueError(
            f"no network {recipe.model!r}; there are {', '.join(sorted(MODELS))}"
        )
    if bool(recipe.extra_share) != (extra is not None):
        raise ValueError(
            f"recipe: extra_share is {recipe.extra_share}, and the second store is "
            f"{extra}; name a store (--extra) and a share above 0, or neither"
        )
    out = Path(out)
    with ExitStack() as opened:
        opened.enter_context(use_kernels(kernels))
        store = opened.enter_context(open_store(store_path))
        second = opened.enter_context(open_store(extra))["train"] if extra else None
        own = [store["train"], store["val"]]
        for split in (own[0], second):
            if split:
                check_crop(recipe, split)
        marks, warnings = check_labels(own)
        if second:
            more_marks, more_warnings = check_labels([second], "extra_")
            marks, warnings = marks | more_marks, warnings + more_warnings
        for line in warnings if verbose else ():
            print(f"warning: {line}")
        has_state = run_folder.check(out, recipe, resume)
        run = _Run(store, recipe, second, begun=has_state, marks=marks)
        refusal = f"{out}: another process trains into it"
        opened.enter_context(alone(out / "run.lock", refusal))
        if run_folder.start(out, recipe, resume, store.class_map):
            progress = run_folder.load_state(out, run.variables, run.data)
        else:
            progress = run_folder.Progress(run.data)
        if verbose:
            print(
                f"{recipe.model}: {len(progress.rows)} of {recipe.epochs} epochs done"
            )
        if len(progress.rows) < recipe.epochs:
            run.fit(out, progress, verbose)
        if recipe.include_val:
            return out
        report = evaluate(out / run_folder.BEST, store, "val")
    with replacing(out / run_folder.REPORT) as part:
        part.write_text(json.dumps(report, indent=2) + "\n")
    return out


class _Run:
    """The objects of one training: data, both models, loss and optimizer."""

    def __init__(
        self,
        store: Store,
        recipe: Recipe,
        extra: Split | None = None,
        begun: bool = False,
        marks: dict[str, str | None] | None = None,
    ):
        keras.utils.set_random_seed(recipe.seed)
        self.recipe = recipe
        self.val = store["val"]
        self.class_map = class_map = store.class_map
        split = store["train"]
        if recipe.include_val:
            split = Joined([split, self.val])
        self.batches = _batches(split, recipe, extra)
        self.data = {
            "train": len(split),
            "val": len(self.val),
            "size": [int(side) for side in split.size],
            "classes": list(class_map.names),
        }
        if extra:
            self.data["extra"] = len(extra)
        self.data |= marks or {}
        rule, cap = recipe.class_weights, recipe.weight_cap
        weights = class_weights(split, rule, cap, extra, recipe.extra_share)
        loss = LOSSES[recipe.loss](weights, class_map.void)
        size, num_classes = recipe.crop or split.size, class_map.num_classes
        self.model = build_trained(recipe, size, num_classes)
        if recipe.init and not begun:
            copy_matching(load(recipe.init), self.model)
        self.feed = self.batches
        if augments_on_device(recipe.augment_on):
            if extra and extra.size != split.size:
                raise ValueError(
                    f"frames of {extra.size} and of {split.size} cannot be changed in "
                    f"one batch on the device; take --augment-on cpu"
                )
            self.feed = DeviceBatches(self.batches)
            self.model = AugmentedModel(self.model, self.batches)
        optimizer = _optimizer(recipe, len(self.batches), self.model)
        compile_trained(self.model, optimizer, loss, recipe)
        names = self.data["classes"]
        self.learner = with_teacher(self.model, loss, weights, recipe, names)
        self.judge = build_judge(recipe, split.size, num_classes)
        self.metric = MeanIoU(class_map.num_classes, class_map.void)
        # Compiling the judge itself would tie best.keras to this package's loss.
        self.scorer = keras.Model(self.judge.inputs, self.judge.outputs)
        self.scorer.compile(loss=loss, metrics=[self.metric])

    @property
    def variables(self) -> list:
        """Everything that changes in training, in a fixed order."""
        return [*self.model.variables, *self.model.optimizer.variables]

    def fit(self, out: Path, progress: run_folder.Progress, verbose) -> None:
        """Trains the epochs that are missing."""
        done, steps = len(progress.rows), len(self.batches)

        def batch(step: int):
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
                    callbacks=[_Keeper(self, out, progress)],
                    verbose=verbose,
                )
            except Exception:
                # TensorFlow wraps what a data thread raises in pages of its own.
                if stream.failure is not None:
                    raise stream.failure from None
                raise

    def validate(self) -> dict[str, float]:
        """Scores the judge on val, with the current weights."""
        hand_over(self.model, self.judge)
        frames = SequentialBatches(self.val, max(1, self.recipe.batch_size // 2))
        logs = self.scorer.evaluate(frames, verbose=0, return_dict=True)
        found = scores(self.metric.matrix())
        return {
            "val_loss": logs["loss"],
            "val_miou": found.miou,
            "val_pixel_accuracy": found.pixel_accuracy,
        }


def _batches(
    split: Split, recipe: Recipe, extra: Split | None
) -> Batches | TwoStoreBatches:
    """The training batches of a recipe, from one split or from two."""
    augmentation = Augmentation(
        recipe.flip,
        recipe.scale,
        recipe.crop,
        recipe.colour,
        recipe.rare,
        recipe.rotate,
        recipe.cutmix,
        recipe.noise,
    )
    share = round(recipe.batch_size * recipe.extra_share)
    if extra and not 0 < share < recipe.batch_size:
        raise ValueError(
            f"recipe: extra_share {recipe.extra_share} of batch_size "
            f"{recipe.batch_size} is {share} frames; both stores must give at least one"
        )
    own = recipe.batch_size - share
    batches = Batches(split, own, augmentation, recipe.seed, balance=recipe.balance)
    return TwoStoreBatches(batches, extra, share) if extra else batches


class _Keeper(keras.callbacks.Callback):
    """After each epoch: score, keep the best, keep the state, log."""

    def __init__(self, run: _Run, out: Path, progress: run_folder.Progress):
        super().__init__()
        self.run, self.out, self.progress = run, out, progress

    def on_epoch_begin(self, epoch, logs=None):
        self.began = time.perf_counter()

    def on_train_batch_end(self, batch, logs=None):
        if not math.isfinite(logs["loss"]):
            raise self._diverged(f"the loss is {logs['loss']} in step {batch + 1}")

    def on_epoch_end(self, epoch, logs=None):
        seconds = time.perf_counter() - self.began
        recipe = self.run.recipe
        logs["learning_rate"] = float(
            keras.ops.convert_to_numpy(self.model.optimizer.learning_rate)
        )
        logs["seconds"] = seconds
        images = len(self.run.batches) * recipe.batch_size
        logs["images_per_second"] = images / seconds
        keep = self._due(epoch, recipe.save_every)
        # Without val there is no look to wait for, and best.keras is the last.
        look = keep if recipe.include_val else self._due(epoch, recipe.validate_every)
        if look and self._improves(logs):
            with replacing(self.out / run_folder.BEST) as part:
                save_model(self.run.judge, part, self.run.class_map)
        row = {name: logs.get(name) for name in run_folder.COLUMNS}
        self.progress.rows.append(row | {"epoch": epoch + 1})
        if keep:
            run_folder.save_state(self.out, self.run.variables, self.progress)
        else:
            run_folder.write_history(self.out, self.progress)

    def _diverged(self, what: str) -> ValueError:
        """The error for a loss that is no number."""
        epoch = len(self.progress.rows) + 1
        every = self.run.recipe.save_every
        kept = (epoch - 1) // every * every
        holds = f"still holds epoch {kept}" if kept else "holds no epoch yet"
        return ValueError(
            f"{what} of epoch {epoch}; lower the learning rate "
            f"({self.run.recipe.learning_rate}) or look for damaged frames. "
            f"{self.out} {holds}"
        )

    def _due(self, epoch: int, every: int) -> bool:
        """Is this one of each so many epochs, or the last?"""
        return (epoch + 1) % every == 0 or epoch + 1 == self.run.recipe.epochs

    def _improves(self, logs: dict) -> bool:
        """Brings the judge up to date and scores it, where val is there to judge."""
        if self.run.recipe.include_val:
            hand_over(self.run.model, self.run.judge)
            return True
        best = self.progress.best
        logs.update(self.run.validate())
        if not math.isfinite(logs["val_loss"]):
            # Such logits have an argmax all the same, and so a score.
            raise self._diverged(f"the loss on val is {logs['val_loss']} at the end")
        return best is None or logs["val_miou"] > best


def _optimizer(recipe: Recipe, steps: int, model: keras.Model):
    """AdamW, built for the model."""
    rate = WarmupDecay(
        recipe.learning_rate,
        recipe.epochs * steps,
        round(recipe.warmup_epochs * steps),
        recipe.schedule,
    )
    decay = {"weight_decay": recipe.weight_decay}
    if recipe.ema:
        optimizer = AveragedAdamW(rate, recipe.ema, **decay)
    else:
        optimizer = keras.optimizers.AdamW(rate, **decay)
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    optimizer.build(model.trainable_variables)
    return optimizer
