"""The facts stored inside an exported file: classes, size, source, scores, licence."""

import json
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from segnet.classes import ClassMap
from segnet.classes import files as class_files

# The key of ONNX's metadata_props and of OpenVINO's rt_info.
KEY = "segnet"
VERSION = 1
CLASSES, LOGITS = "classes,confidence", "logits"
OUTPUTS = (CLASSES, LOGITS)
PRECISIONS = ("float32", "float16", "int8")


@dataclass(frozen=True)
class FileFacts:
    """The description that travels inside an exported file.

    Args:
        class_map: Names, display colours and void.
        size: (H, W) of the images it takes.
        batch_size: Images at a time.
        outputs: `CLASSES` (uint8 ids and uint8 confidence) or `LOGITS` (float32).
        precision: One of `PRECISIONS`.
        network: Name of the network, as in `segnet.models.MODELS` where it is ours.
        weights: Shipped name or file name of the weights; no path.
        weights_sha256: Of the file of the weights, None where they came from memory.
        segnet_version: The version that wrote the file.
        scores: What is known of its accuracy: `miou` (0 to 1), `split`, `source`,
            `frames`; None where nothing is.
        licence: Licence of the data it was trained on, None where it is not known.

    Raises:
        ValueError: A value is out of range.
    """

    class_map: ClassMap
    size: tuple[int, int]
    batch_size: int = 1
    outputs: str = CLASSES
    precision: str = "float32"
    network: str = ""
    weights: str = ""
    weights_sha256: str | None = None
    segnet_version: str = ""
    scores: dict[str, Any] | None = None
    licence: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", tuple(self.size))
        whole = (*self.size, self.batch_size)
        if len(whole) != 3 or any(type(n) is not int or n < 1 for n in whole):
            raise ValueError(
                f"size {self.size} and batch size {self.batch_size} must be 1 or more"
            )
        for name, known in (("outputs", OUTPUTS), ("precision", PRECISIONS)):
            if getattr(self, name) not in known:
                raise ValueError(
                    f"{name} is {getattr(self, name)!r}, expected one of "
                    f"{', '.join(map(repr, known))}"
                )

    def to_text(self) -> str:
        """Returns JSON text, one line."""
        content = asdict(replace(self, class_map=None))  # type: ignore[arg-type]
        content["class_map"] = json.loads(self.class_map.to_json())
        return json.dumps({"version": VERSION, **content}, ensure_ascii=False)

    @classmethod
    def from_text(cls, text: str, path: str | Path) -> "FileFacts":
        """Returns the facts in a text from `to_text`.

        Args:
            text: JSON.
            path: The file they came from, for messages.

        Raises:
            ValueError: The text is damaged or of a newer version.
        """
        try:
            content = json.loads(text)
            version = content.pop("version")
            if version != VERSION:
                raise ValueError(f"version {version!r}, expected {VERSION}")
            class_map = class_files.from_json(json.dumps(content["class_map"]))
            content["class_map"] = ClassMap(*class_map)
            known = {field.name for field in fields(cls)}
            return cls(**{key: content[key] for key in content if key in known})
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{path}: its facts are damaged: {error}") from error
