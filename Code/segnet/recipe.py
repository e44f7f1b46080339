"""How to train, in one object: learning rate, loss, augmentation, epochs."""

import dataclasses
import json
from dataclasses import dataclass, field

SCHEDULES = ("cosine", "poly")
CLASS_WEIGHTS = ("none", "median", "enet")
# The keys of segnet.losses.LOSSES, which this module cannot import without Keras.
LOSSES = ("cross_entropy", "focal", "ohem", "lovasz", "dice")
PRECISIONS = ("float32", "mixed_float16", "mixed_bfloat16")
AUGMENT_ON = ("auto", "cpu", "device")


def _field(default, help_text: str, **metadata):
    return field(default=default, metadata={"help": help_text, **metadata})


@dataclass(frozen=True)
class Recipe:
    """How to train; saved as `recipe.json` in the run folder.

    The meaning of each field is its `help`, which is also the text of the command's
    `--help`.

    Raises:
        ValueError: A value is out of range or of the wrong type.
    """

    model: str = _field("slim", "network, a key of segnet.models.MODELS")
    epochs: int = _field(60, "passes over the training frames")
    batch_size: int = _field(8, "frames a step")
    learning_rate: float = _field(2e-3, "peak, after the warm-up")
    schedule: str = _field("cosine", "decay to 0", choices=SCHEDULES)
    warmup_epochs: float = _field(1.0, "epochs of linear rise to the peak")
    weight_decay: float = _field(
        0.02, "AdamW, times the learning rate; kernels only, no biases and norms"
    )
    ema: float = _field(
        0.99, "momentum a step of averaged weights, reached gradually; 0: none"
    )
    loss: str = _field(
        "cross_entropy",
        "what is minimised; lovasz: 0.8 cross-entropy + 0.2 Lovász, dice: "
        "cross-entropy + Dice",
        choices=LOSSES,
    )
    auxiliary: float = _field(
        0.0, "weight of the loss of each auxiliary head; 0: train without them"
    )
    class_weights: str = _field(
        "none", "weights of the loss from the training split", choices=CLASS_WEIGHTS
    )
    weight_cap: float = _field(10.0, "no class weight above this")
    crop: tuple[int, int] | None = _field(
        None,
        "height and width of training crops, by default the frame",
        nargs=2,
        type=int,
    )
    scale: tuple[float, float] = _field(
        (0.5, 2.0), "range of the random scale; 1 1: none", nargs=2, type=float
    )
    flip: bool = _field(True, "mirror half of the frames")
    colour: float = _field(0.3, "strength of the colour changes, 0 to below 1")
    rare: float = _field(
        0.0, "share of the windows placed on a pixel of a class, rare classes first"
    )
    balance: float = _field(
        0.0, "how much frames with rare classes are drawn more often, 0 to 1; 0: not"
    )
    rotate: float = _field(0.0, "rotate half of the frames by up to so many degrees")
    cutmix: float = _field(
        0.0, "share of the frames that get a rectangle of another frame"
    )
    noise: float = _field(
        0.0,
        "Gaussian noise of up to this deviation, of 255, on half of the frames, as of "
        "a camera in the dark",
    )
    extra_share: float = _field(
        0.0,
        "share of each batch that comes from a second store, --extra; an epoch is "
        "still one pass over the first",
    )
    augment_on: str = _field(
        "auto",
        "where frames are changed: ahead by threads of the cpu, or in the step by the "
        "device; auto: by the device, if it is no CPU",
        choices=AUGMENT_ON,
    )
    include_val: bool = _field(
        False,
        "train on val as well, as published CamVid figures do; nothing is left to "
        "choose on, so the last weights are kept",
    )
    init: str = _field(
        "",
        "weights to start from, where the shapes agree: a .keras file, the last.npz of "
        "a run, or shipped weights that `segnet models` lists",
    )
    teacher: tuple[str, ...] = _field(
        (),
        "trained networks to learn from beside the labels, all at once, for the same "
        "classes: files or names as for init",
        nargs="+",
        type=str,
    )
    teacher_share: float = _field(
        0.5, "share of the loss that asks for what the teachers say, if there are any"
    )
    validate_every: int = _field(1, "epochs between scores on val; always at the end")
    save_every: int = _field(
        1,
        "epochs between states to resume from, and with include_val best.keras, always "
        "at the end; more where an epoch takes seconds and a state tens of megabytes",
    )
    precision: str = _field(
        "float32",
        "dtype policy of the training; what is kept is float32",
        choices=PRECISIONS,
    )
    seed: int = _field(0, "seed of weights, order and augmentation")

    def __post_init__(self):
        for name in ("crop", "scale", "teacher"):
            value = getattr(self, name)
            if isinstance(value, list):
                object.__setattr__(self, name, tuple(value))
        for name, accepts, expected in _CHECKS:
            value = getattr(self, name)
            if not accepts(value):
                raise ValueError(f"recipe: {name} is {value!r}, expected {expected}")
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


def _is_number(value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number(low: float, high: float = float("inf")):
    """A test for a number from `low` to below `high`."""
    return lambda value: _is_number(value) and low <= value < high


def _share(value) -> bool:
    return _is_number(value) and 0 <= value <= 1


def _integer(low: int, high: float = float("inf")):
    return lambda value: type(value) is int and low <= value < high


def _is_crop(value) -> bool:
    return value is None or (
        isinstance(value, tuple)
        and len(value) == 2
        and all(type(side) is int and side >= 64 for side in value)
    )


def _is_scale(value) -> bool:
    return (
        isinstance(value, tuple)
        and len(value) == 2
        and all(_is_number(factor) for factor in value)
        and 0 < value[0] <= value[1] <= 8
    )


_CHECKS = (
    ("model", lambda v: isinstance(v, str) and v, "the name of a network"),
    ("epochs", _integer(1), "a whole number from 1"),
    ("batch_size", _integer(1), "a whole number from 1"),
    ("learning_rate", lambda v: _number(0)(v) and v > 0, "a number above 0"),
    ("schedule", lambda v: v in SCHEDULES, f"one of {', '.join(SCHEDULES)}"),
    ("warmup_epochs", _number(0), "a number from 0"),
    ("weight_decay", _number(0), "a number from 0"),
    ("ema", _number(0, 1), "a number from 0 to below 1"),
    ("loss", lambda v: v in LOSSES, f"one of {', '.join(LOSSES)}"),
    ("auxiliary", _number(0), "a number from 0"),
    ("class_weights", lambda v: v in CLASS_WEIGHTS, f"one of {CLASS_WEIGHTS}"),
    ("weight_cap", lambda v: _number(0)(v) and v > 0, "a number above 0"),
    ("crop", _is_crop, "None or (height, width), both from 64"),
    ("scale", _is_scale, "(smallest, largest), above 0 and up to 8"),
    ("flip", lambda v: isinstance(v, bool), "True or False"),
    ("colour", _number(0, 1), "a number from 0 to below 1"),
    ("rare", _share, "a number from 0 to 1"),
    ("balance", _share, "a number from 0 to 1"),
    ("rotate", lambda v: _is_number(v) and 0 <= v <= 45, "degrees from 0 to 45"),
    ("cutmix", _share, "a number from 0 to 1"),
    ("noise", lambda v: _is_number(v) and 0 <= v <= 128, "a number from 0 to 128"),
    ("extra_share", _number(0, 1), "a number from 0 to below 1"),
    ("augment_on", lambda v: v in AUGMENT_ON, f"one of {', '.join(AUGMENT_ON)}"),
    ("include_val", lambda v: isinstance(v, bool), "True or False"),
    ("init", lambda v: isinstance(v, str), "a path"),
    (
        "teacher",
        lambda v: isinstance(v, tuple) and all(isinstance(p, str) and p for p in v),
        "paths or names",
    ),
    (
        "teacher_share",
        lambda v: _number(0, 1)(v) and v > 0,
        "a number above 0 and below 1",
    ),
    ("validate_every", _integer(1), "a whole number from 1"),
    ("save_every", _integer(1), "a whole number from 1"),
    ("precision", lambda v: v in PRECISIONS, f"one of {', '.join(PRECISIONS)}"),
    ("seed", _integer(0, 2**32), "a whole number from 0 to below 2^32"),
)
