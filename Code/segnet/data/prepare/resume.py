"""Notes how far a run that writes shards has come, so that another can resume it."""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import h5py

from segnet.data.store import shard_list as manifest
from segnet.data.store.integrity import SHARDED, check_seal, open_checked, shards_of
from segnet.system.files import replacing

JOURNAL = "unfinished.json"


@dataclass
class Journal:
    """The file `unfinished.json` in the folder of the shards.

    Args:
        path: That file.
        settings: `Plan.settings` of the run.
        finished: Name of each shard that is whole -> its sha256.
    """

    path: Path
    settings: Mapping
    finished: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, sha256: str) -> None:
        """Notes that a shard is whole."""
        self.finished[name] = sha256
        self.write()

    def write(self) -> None:
        """Writes the file again."""
        content = {"settings": self.settings, "finished": self.finished}
        with replacing(self.path) as part:
            part.write_text(json.dumps(content, indent=1), "utf-8")


def find_journal(out: Path, store: Path, settings: Mapping) -> Journal:
    """Returns the journal that a run with the same settings left, or an empty one.

    Args:
        out: The folder to write.
        store: The store in it, whose shards count where no run is unfinished.
        settings: `Plan.settings` of this run.

    Raises:
        ValueError: The unfinished run has other settings, or its journal is damaged.
    """
    path = out / manifest.FOLDER / JOURNAL
    if not path.exists():
        finished = _of_store(path, store)
        return finished if finished.settings == settings else Journal(path, settings)
    found = _read(path)
    names = [*settings, *(name for name in found.settings if name not in settings)]
    pairs = [(name, found.settings.get(name), settings.get(name)) for name in names]
    differing = [
        f"{name} ({then!r:.200} then, {now!r:.200} now)"
        for name, then, now in pairs
        if then != now
    ]
    if differing:
        raise ValueError(
            f"{out}: cannot resume, since the unfinished run had other settings: "
            f"{'; '.join(differing)}; use the same ones, or start anew without resuming"
        )
    return found


def _of_store(path: Path, store: Path) -> Journal:
    with suppress(ValueError, OSError), open_checked(store) as file:
        check_seal(store, file)
        if file.attrs["format_version"] == SHARDED:
            return _journal(path, file)
    return Journal(path, {})


def _journal(path: Path, file: h5py.File) -> Journal:
    finished = {shard.name: shard.sha256 for shard in shards_of(file)}
    return Journal(path, json.loads(file.attrs["settings"]), finished)


def _read(path: Path) -> Journal:
    try:
        content = json.loads(path.read_text("utf-8"))
        settings, finished = dict(content["settings"]), dict(content["finished"])
        names = [str(name) for name in finished]
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise ValueError(
            f"{path}: damaged ({error!r:.100}); start anew without resuming"
        ) from error
    if not settings or not all(map(manifest.NAME.fullmatch, names)):
        raise ValueError(f"{path}: damaged; start anew without resuming")
    return Journal(path, settings, finished)
