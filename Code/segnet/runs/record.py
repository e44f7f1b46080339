"""The record of a run, run.json: when, on what, with which versions, how it ended.

It names no user, no host and no place on a disk.
"""

import json
import math
import platform
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from segnet import __version__
from segnet.runs.folder import RECORD
from segnet.system.files import replacing

RUNNING, FINISHED, STOPPED, FAILED = "running", "finished", "stopped", "failed"
DIVERGED = "diverged"
STATES = (RUNNING, FINISHED, STOPPED, FAILED, DIVERGED)
PACKAGES = ("keras", "tensorflow", "jax", "torch", "numpy")


class DivergedError(ValueError):
    """The loss of a run is not finite."""


@contextmanager
def recorded(out: Path, facts: dict, command: str = "") -> Iterator[None]:
    """Keeps run.json while a run trains, and writes how it ended.

    A killed run leaves "running" behind, with nobody holding its lock.

    Args:
        out: The run folder.
        facts: What else the record holds, such as the store and its seal.
        command: The one that begins such a run; the record keeps those of all
            sessions, since the number of epochs may grow.
    """
    began, earlier = time.monotonic(), _earlier(out)
    commands = [*earlier.get("commands", []), command]
    record = {
        "state": RUNNING,
        "commands": [*dict.fromkeys(filter(None, commands))],
        "began": earlier.get("began") or _now(),
        "minutes": earlier.get("minutes", 0.0),
        "sessions": earlier.get("sessions", 0) + 1,
        **facts,
        "versions": _versions(),
    }
    before = record["minutes"]

    def end(state: str, why: str = "") -> None:
        minutes = before + (time.monotonic() - began) / 60
        record.update(state=state, minutes=round(minutes, 2), ended=_now())
        if why:
            record["why"] = why
        # What ended the run matters more than its record.
        with suppress(OSError):
            _write(out, record)

    _write(out, record)
    try:
        yield
    except KeyboardInterrupt:
        end(STOPPED)
        raise
    except BaseException as error:
        state = DIVERGED if isinstance(error, DivergedError) else FAILED
        lines = str(error).splitlines() or [type(error).__name__]
        end(state, lines[0])
        raise
    end(FINISHED)


def read_record(out: Path) -> dict:
    """Returns the record of a run folder, empty for one of segnet 0.1.

    Raises:
        ValueError: The file is damaged.
    """
    path = out / RECORD
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (ValueError, RecursionError, OSError) as error:
        raise ValueError(f"{path}: damaged ({error})") from error
    if not isinstance(record, dict):
        raise ValueError(f"{path}: damaged (no JSON object)")
    for name in record.keys() & _FITS.keys():
        if not _FITS[name](record[name]):
            raise ValueError(f"{path}: damaged ({name} is {record[name]!r})")
    return record


def _earlier(out: Path) -> dict:
    """Returns the record of earlier sessions, empty if it is damaged."""
    try:
        return read_record(out)
    except ValueError:
        return {}


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) for text in value)


def _is_time(value: object) -> bool:
    # Not bool, which is an int.
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return 0 <= value < math.inf


# What the list of runs and the next session count on.
_FITS: dict[str, Callable[[object], bool]] = {
    "state": lambda value: value in STATES,
    "why": lambda value: isinstance(value, str),
    "began": lambda value: isinstance(value, str),
    "minutes": _is_time,
    "sessions": lambda value: type(value) is int,
    "commands": _are_texts,
    "store": lambda value: isinstance(value, str),
    "extra": lambda value: value is None or isinstance(value, str),
    "kernels": lambda value: isinstance(value, str),
}


def _write(out: Path, record: dict) -> None:
    with replacing(out / RECORD) as part:
        part.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")


def _versions() -> dict[str, str]:
    found = {"segnet": __version__, "python": platform.python_version()}
    for name in PACKAGES:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found
