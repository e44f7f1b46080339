"""The list of shards that a large store consists of, kept as text in the store."""

import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields

from segnet.system.files import TOKEN

FOLDER = "shards"
# No path: a store reads nothing outside its own folder of shards.
NAME = re.compile(r"(train|val|test)-[0-9]{5}-[0-9a-f]{8}\.h5")
PART_NAME = re.compile(NAME.pattern.replace(r"\.", rf"\.{TOKEN}\.part\."))
DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Shard:
    """One file with some frames of one split.

    Args:
        name: File name in the folder `shards` beside the store.
        split: "train", "val" or "test".
        frames: Their number.
        bytes: Size of the file.
        sha256: Of the file.
        seal: The shard's own seal (see `segnet.data.store.integrity`).
    """

    name: str
    split: str
    frames: int
    bytes: int
    sha256: str
    seal: str


def to_json(shards: Iterable[Shard]) -> str:
    """Returns the list as JSON text."""
    return json.dumps([asdict(shard) for shard in shards])


def from_json(text: str) -> tuple[Shard, ...]:
    """Returns the list that `to_json` wrote.

    Raises:
        ValueError: The text is no such list.
    """
    try:
        shards = tuple(Shard(**row) for row in json.loads(text))
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"its list of shards is unreadable: {error}") from error
    for shard in shards:
        if not _is_sound(shard):
            raise ValueError(f"its list of shards has a wrong row: {shard!r:.300}")
    if len({shard.name for shard in shards}) < len(shards):
        raise ValueError("its list of shards names a file twice")
    return shards


def _is_sound(shard: Shard) -> bool:
    kinds = {name: type(value) for name, value in asdict(shard).items()}
    if kinds != {field.name: field.type for field in fields(Shard)}:
        return False
    name = NAME.fullmatch(shard.name)
    digests = (shard.sha256, shard.seal)
    return (
        name is not None
        and name[1] == shard.split
        and min(shard.frames, shard.bytes) > 0
        and all(DIGEST.fullmatch(digest) for digest in digests)
    )
