"""Plans what one run of `prepare` writes, and how it is cut into shards."""

import json
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from segnet import __version__
from segnet.data.cuts import LEFT_OUT
from segnet.data.prepare.packing import FramePacker
from segnet.data.source import SPLITS, Frame, Source
from segnet.data.split import SplitRule, in_words, split_frames
from segnet.system.checksums import sha256_of_bytes

ONE_FILE_FRAMES = 2048
SHARD_FRAMES = 512
# A reader keeps them all open, and systems allow 1,024 open files or more.
MAX_SHARDS = 512


@dataclass(frozen=True)
class Part:
    """The frames that become one shard.

    Args:
        name: Split and number, the start of the file's name.
        split: "train", "val" or "test".
        frames: Some neighbours of that split.
    """

    name: str
    split: str
    frames: tuple[Frame, ...]

    def listing(self) -> str:
        """Returns a sha256 over the names, sizes and times of the frames' files."""
        files = [
            (path, path.stat()) for f in self.frames for path in (f.image, f.label)
        ]
        rows = [(path.name, stat.st_size, stat.st_mtime_ns) for path, stat in files]
        return _sha256([[frame.id for frame in self.frames], rows])


@dataclass(frozen=True)
class Plan:
    """Everything that decides what a store will hold.

    Args:
        source: Where the frames come from.
        placed: The frames to store, each with the name of its split.
        packer: What turns a frame into bytes.
        scale: What height and width are divided by.
        rule: The split rule, a text for `segnet.data.split.in_words`.
        left_out: How many frames it leaves out.
        shard_frames: The most frames in a shard; None for one file up to 2,048 frames,
            else shards of 512.
    """

    source: Source
    placed: tuple[tuple[Frame, str], ...]
    packer: FramePacker
    scale: float
    rule: str
    left_out: int = 0
    shard_frames: int | None = None

    @classmethod
    def of(
        cls,
        source: Source,
        split: SplitRule | str | None,
        scale: float,
        skip_bad: bool,
        shard_frames: int | None,
        size: tuple[int, int] | None = None,
    ) -> "Plan":
        """Returns the plan for all frames of a source; arguments as in `prepare`."""
        names, rule = split_frames(source.frames, split)
        pairs = zip(source.frames, names, strict=True)
        placed = tuple((frame, name) for frame, name in pairs if name)
        frames = [frame for frame, _ in placed]
        packer = FramePacker.of(source, frames, scale, skip_bad, size)
        left_out = len(names) - len(placed)
        return cls(source, placed, packer, scale, rule, left_out, shard_frames)

    def __post_init__(self) -> None:
        if self.shard_frames is not None and self.shard_frames < 1:
            raise ValueError(f"shard_frames is {self.shard_frames}, expected 1 or more")
        if len(self.parts) > MAX_SHARDS:
            least = math.ceil(len(self.placed) / (MAX_SHARDS - len(SPLITS)))
            raise ValueError(
                f"{len(self.placed)} frames, {self.shard_frames} in a shard, make "
                f"{len(self.parts)} shards, expected up to {MAX_SHARDS}; take shards "
                f"of {least} frames or more"
            )

    @property
    def shard_attributes(self) -> dict:
        """File attributes of each shard, which knows nothing of the other ones."""
        source = self.source
        return {
            "source": source.origin,
            "scale": self.scale,
            "source_size": self.packer.size,
            "split_rule": self.rule,
            "grey_ids": source.grey_ids,
            **({"notes": "\n".join(source.notes)} if source.notes else {}),
        }

    def split_rule(self, kept: Mapping[str, int], skipped: int = 0) -> str:
        """Returns the store's attribute `split_rule`: the rule and what it led to.

        Args:
            kept: Split -> frames in the store.
            skipped: Bad frames and files without partners that are not in it.
        """
        return in_words(self.rule, dict(kept) | {LEFT_OUT: self.left_out}, skipped)

    @property
    def frame_ids(self) -> dict[str, list[str]]:
        """Frame names of each split."""
        ids: dict[str, list[str]] = {name: [] for _, name in self.placed}
        for frame, name in self.placed:
            ids[name].append(frame.id)
        return ids

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The shards, of nearly equal size in a split; none where one file does."""
        frames: dict[str, list[Frame]] = {name: [] for name in SPLITS}
        for frame, name in self.placed:
            frames[name].append(frame)
        most = self.shard_frames or SHARD_FRAMES
        if len(self.placed) <= (self.shard_frames or ONE_FILE_FRAMES):
            return ()
        parts = []
        for name, own in frames.items():
            count = math.ceil(len(own) / most)
            for number in range(count):
                cut = slice(*(n * len(own) // count for n in (number, number + 1)))
                parts.append(Part(f"{name}-{number:05d}", name, tuple(own[cut])))
        return tuple(parts)

    @property
    def settings(self) -> dict[str, str | int | float | bool]:
        """The settings that a resumed run must share with the one before.

        The frames' files are not among them: each shard lists its own.
        """
        placed = [(frame.id, name) for frame, name in self.placed]
        class_map = self.source.class_map
        tables = [
            [sequence, *colour, index]
            for sequence, table in self.source.encodings.items()
            for colour, index in table.items()
        ]
        return {
            "segnet": __version__,
            "dataset": self.source.origin,
            "scale": self.scale,
            "frame size": "x".join(map(str, self.packer.size)),
            "resized": self.packer.resize,
            "labels": "; ".join(self.source.notes),
            "frames": len(placed),
            "classes": class_map.name,
            "colour tables": _sha256([class_map.to_json(), sorted(tables)])[:12],
            "split": self.split_rule(Counter(name for _, name in placed)),
            "list of frames": _sha256(placed)[:12],
            "shards": len(self.parts),
            "skip bad frames": self.packer.skip_bad,
        }


def _sha256(content: list) -> str:
    return sha256_of_bytes(json.dumps(content).encode())
