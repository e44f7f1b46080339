"""The settings of a training run: learning rate, loss, augmentation, epochs.

Each field is declared once: its default, its help, the values it accepts and how the
command reads it.
"""

import dataclasses
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

SCHEDULES = ("cosine", "poly")
CLASS_WEIGHTS = ("none", "median", "enet")
# segnet.losses has a function for each name; it needs Keras, this module does not.
LOSSES = ("cross_entropy", "focal", "ohem", "lovasz", "dice")
PRECISIONS = ("float32", "mixed_float16", "mixed_bfloat16")
AUGMENT_ON = ("auto", "cpu", "device")


class _Rule(NamedTuple):
    """The values that a field accepts, as a test and in words."""

    accepts: Callable[[Any], bool]
    expected: str


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_crop(value: Any) -> bool:
    return value is None or (
        isinstance(value, tuple)
        and len(value) == 2
        and all(type(side) is int and side >= 64 for side in value)
    )


def _is_scale(value: Any) -> bool:
    return (
        isinstance(value, tuple)
        and len(value) == 2
        and all(_is_number(factor) for factor in value)
        and 0 < value[0] <= value[1] <= 8
    )


def _are_names(value: Any) -> bool:
    return isinstance(value, tuple) and all(isinstance(n, str) and n for n in value)


_NAME = _Rule(lambda v: isinstance(v, str) and bool(v), "the name of a network")
_LOSS = _Rule(
    lambda v: isinstance(v, str) and (v in LOSSES or ":" in v),
    f"one of {', '.join(LOSSES)}, or a function of yours, my_losses.py:name",
)
_PATH = _Rule(lambda v: isinstance(v, str), "a path")
_PATHS = _Rule(_are_names, "paths or names")
_SWITCH = _Rule(lambda v: isinstance(v, bool), "True or False")
_COUNT = _Rule(lambda v: type(v) is int and v >= 1, "a whole number from 1")
_SEED = _Rule(
    lambda v: type(v) is int and 0 <= v < 2**32, "a whole number from 0 to below 2^32"
)
# Infinity and nan are numbers that no comparison here lets through.
_POSITIVE = _Rule(lambda v: _is_number(v) and 0 < v < float("inf"), "a number above 0")
_FROM_0 = _Rule(lambda v: _is_number(v) and 0 <= v < float("inf"), "a number from 0")
_SHARE = _Rule(lambda v: _is_number(v) and 0 <= v <= 1, "a number from 0 to 1")
_BELOW_1 = _Rule(lambda v: _is_number(v) and 0 <= v < 1, "a number from 0 to below 1")
_INSIDE_0_1 = _Rule(
    lambda v: _is_number(v) and 0 < v < 1, "a number above 0 and below 1"
)
_DEGREES = _Rule(lambda v: _is_number(v) and 0 <= v <= 45, "degrees from 0 to 45")
_NOISE = _Rule(lambda v: _is_number(v) and 0 <= v <= 128, "a number from 0 to 128")
_CROP = _Rule(_is_crop, "None or (height, width), both from 64")
_SCALE = _Rule(_is_scale, "(smallest, largest), above 0 and up to 8")


def _field(default: Any, rule: _Rule, help_text: str, **command: Any) -> Any:
    """Returns a field with its rule; `command` holds options of the command's flag."""
    return field(default=default, metadata={"help": help_text, "rule": rule, **command})


def _choice(default: str, choices: tuple[str, ...], help_text: str) -> Any:
    rule = _Rule(lambda value: value in choices, f"one of {', '.join(choices)}")
    return _field(default, rule, help_text, choices=choices)


@dataclass(frozen=True)
class Recipe:
    """The settings of a training run, saved as `recipe.json` in the run folder.

    The meaning of each field is its `help`, which is also the text of the command's
    `--help`.

    Raises:
        ValueError: A value is out of range or of the wrong type.
    """

    model: str = _field(
        "slim",
        _NAME,
        "network, a key of segnet.models.MODELS, or a function of yours: "
        "my_nets.py:name or package.module:name",
    )
    epochs: int = _field(60, _COUNT, "passes over the training frames")
    batch_size: int = _field(8, _COUNT, "frames per step")
    learning_rate: float = _field(2e-3, _POSITIVE, "peak, after the warm-up")
    schedule: str = _choice("cosine", SCHEDULES, "decay to 0")
    warmup_epochs: float = _field(1.0, _FROM_0, "epochs of linear rise to the peak")
    weight_decay: float = _field(
        0.02,
        _FROM_0,
        "of AdamW, times the learning rate; on kernels only, not on biases and norms",
    )
    ema: float = _field(
        0.99,
        _BELOW_1,
        "momentum per step of the averaged weights, reached gradually; 0: no average",
    )
    loss: str = _field(
        "cross_entropy",
        _LOSS,
        f"loss function, one of {', '.join(LOSSES)}; lovasz: 0.8 cross-entropy + 0.2 "
        f"Lovász, dice: cross-entropy + Dice; or a function of yours",
    )
    auxiliary: float = _field(
        0.0, _FROM_0, "weight of the loss of each auxiliary head; 0: no such heads"
    )
    class_weights: str = _choice(
        "none", CLASS_WEIGHTS, "weights of the loss from the training split"
    )
    weight_cap: float = _field(10.0, _POSITIVE, "no class weight above this")
    crop: tuple[int, int] | None = _field(
        None,
        _CROP,
        "height and width of training crops, by default the frame",
        nargs=2,
        type=int,
    )
    scale: tuple[float, float] = _field(
        (0.5, 2.0), _SCALE, "range of the random scale; 1 1: none", nargs=2, type=float
    )
    flip: bool = _field(True, _SWITCH, "mirror half of the frames")
    colour: float = _field(
        0.3, _BELOW_1, "strength of the colour changes, 0 to below 1"
    )
    rare: float = _field(
        0.0,
        _SHARE,
        "share of the windows placed on a pixel of a class, rare classes first",
    )
    balance: float = _field(
        0.0, _SHARE, "oversampling of frames with rare classes: 0 none, 1 strongest"
    )
    rotate: float = _field(
        0.0, _DEGREES, "rotate half of the frames by up to this many degrees"
    )
    cutmix: float = _field(
        0.0, _SHARE, "share of the frames that get a rectangle of another frame"
    )
    noise: float = _field(
        0.0,
        _NOISE,
        "Gaussian noise of up to this deviation, of 255, on half of the frames, as of "
        "a camera in the dark",
    )
    augment: str = _field(
        "",
        _PATH,
        "a function of yours on (image, label, rng) that changes each frame first: "
        "my_changes.py:name",
    )
    extra_share: float = _field(
        0.0,
        _BELOW_1,
        "share of each batch that comes from a second store, --extra; an epoch is "
        "still one pass over the first",
    )
    augment_on: str = _choice(
        "auto",
        AUGMENT_ON,
        "where frames are changed: ahead by threads of the cpu, or in the step by the "
        "device; auto: by the device, if it is no CPU",
    )
    include_val: bool = _field(
        False,
        _SWITCH,
        "train on val as well, as published CamVid figures do; no frames remain to "
        "choose weights on, so the last ones are kept",
    )
    init: str = _field(
        "",
        _PATH,
        "weights to start from, where the shapes agree: a run folder, a .keras file, "
        "the last.npz of a run, or shipped weights that `segnet models` lists",
    )
    teacher: tuple[str, ...] = _field(
        (),
        _PATHS,
        "trained networks to learn from beside the labels, all at once, for the same "
        "classes: files or names as for init",
        nargs="+",
        type=str,
    )
    teacher_share: float = _field(
        0.5, _INSIDE_0_1, "share of the loss that compares with the teachers, if any"
    )
    validate_every: int = _field(
        1, _COUNT, "epochs between scores on val; always at the end"
    )
    save_every: int = _field(
        1,
        _COUNT,
        "epochs between states to resume from, and with include_val best.keras, always "
        "at the end; more where an epoch takes seconds and a state tens of megabytes",
    )
    precision: str = _choice(
        "float32", PRECISIONS, "dtype policy of training; saved models are float32"
    )
    seed: int = _field(0, _SEED, "seed of weights, order and augmentation")
    parts: tuple[str, ...] = _field(
        (),
        _PATHS,
        "sha256 and name of the files of your own functions, filled in by train",
        hidden=True,
    )

    def __post_init__(self) -> None:
        for entry in dataclasses.fields(self):
            given = getattr(self, entry.name)
            # JSON and the command have lists where a recipe has tuples.
            value = tuple(given) if isinstance(given, list) else given
            rule = entry.metadata["rule"]
            if not rule.accepts(value):
                raise ValueError(
                    f"recipe: {entry.name} is {given!r}, expected {rule.expected}"
                )
            object.__setattr__(self, entry.name, value)
        if self.warmup_epochs > self.epochs:
            raise ValueError(
                f"recipe: warmup_epochs is {self.warmup_epochs}, expected at most "
                f"epochs ({self.epochs})"
            )

    def to_json(self) -> str:
        """Returns the recipe as JSON text, one field a line."""
        return json.dumps(dataclasses.asdict(self), indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "Recipe":
        """Returns the recipe that `to_json` wrote; missing fields have defaults.

        Raises:
            ValueError: The text is no JSON object, or a field is unknown or wrong.
        """
        try:
            values = json.loads(text)
        except json.JSONDecodeError as error:
            raise ValueError(f"recipe: no JSON: {error}") from error
        if not isinstance(values, dict):
            raise ValueError(f"recipe: expected a JSON object, got {values!r}")
        known = {f.name for f in dataclasses.fields(cls)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise ValueError(
                f"recipe: unknown {', '.join(unknown)}; known are "
                f"{', '.join(sorted(known))}"
            )
        return cls(**values)


def differences(first: Recipe, second: Recipe) -> list[str]:
    """Returns the fields in which two recipes differ, as "name: first -> second"."""
    pairs = (
        (f.name, getattr(first, f.name), getattr(second, f.name))
        for f in dataclasses.fields(Recipe)
    )
    return [f"{name}: {a!r} -> {b!r}" for name, a, b in pairs if a != b]
