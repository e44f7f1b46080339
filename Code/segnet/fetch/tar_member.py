"""Reads the header of one tar member and refuses a hostile one.

Source: POSIX pax interchange format; GNU `L` long names. `tarfile.TarInfo`
parses the block itself (checksum, octal and base-256 numbers, prefix).
"""

import re
import tarfile
from collections.abc import Callable
from dataclasses import dataclass

BLOCK = 512
LONGEST_EXTENSION = 1 << 20
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
FILE, FOLDER = "file", "folder"
FILE_TYPES = (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE)
EXTENSIONS = (
    tarfile.XHDTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.GNUTYPE_LONGNAME,
)
KINDS = {
    tarfile.LNKTYPE: "a hard link",
    tarfile.SYMTYPE: "a symbolic link",
    tarfile.GNUTYPE_LONGLINK: "a link",
    tarfile.CHRTYPE: "a device",
    tarfile.BLKTYPE: "a device",
    tarfile.FIFOTYPE: "a named pipe",
    tarfile.GNUTYPE_SPARSE: "a sparse file",
}


@dataclass(frozen=True, slots=True)
class Member:
    """A file or folder in an archive.

    Args:
        name: Path as stored, with `/`.
        kind: `FILE` or `FOLDER`.
        start: Position of its first block, extension records included, in bytes.
        data: Position of its content, in bytes.
        size: Bytes of content.
    """

    name: str
    kind: str
    start: int
    data: int
    size: int

    @property
    def stop(self) -> int:
        """First byte after the content."""
        return self.data + self.size

    @property
    def end(self) -> int:
        """First byte of the next member."""
        return self.data + padded(self.size)


def padded(size: int) -> int:
    """Returns `size` rounded up to whole blocks."""
    return -(-size // BLOCK) * BLOCK


def read_member(read: Callable[[int], bytes], start: int) -> Member | None:
    """Returns the member whose first block is next, or None at the archive's end.

    Args:
        read: `read(n)` returns the next n bytes; the first call is at `start`.
        start: Position in the archive, bytes.

    Raises:
        ValueError: Not a tar header, a damaged one, or a hostile member.
    """
    position, extra = start, {}
    while True:
        try:
            info = tarfile.TarInfo.frombuf(read(BLOCK), "utf-8", "strict")
        except (tarfile.EOFHeaderError, tarfile.EmptyHeaderError):
            return None
        except (tarfile.HeaderError, UnicodeDecodeError) as error:
            raise ValueError(f"byte {position}: no valid tar header: {error}") from None
        position += BLOCK
        if info.type in EXTENSIONS:
            extra |= _extension(info, read)
            position += padded(info.size)
            continue
        return _member(info, extra, start, position)


def refuse_unsafe(name: str, kind: str = "") -> None:
    """Raises when a member would be written anywhere but below the target folder.

    Args:
        name: Path as stored in the archive.
        kind: Kind of member, if that alone is reason to refuse it.

    Raises:
        ValueError: The member is invalid; the message names it and the fault.
    """
    parts = name.split("/")
    reason = kind
    if not name or name.startswith("/"):
        reason = "an absolute or empty path"
    elif ".." in parts:
        reason = "a path with '..'"
    elif "\\" in name or re.match(r"[A-Za-z]:", name):
        reason = "a path with a drive letter or backslash"
    elif CONTROL.search(name):
        reason = "a path with control characters"
    if reason:
        raise ValueError(
            f"refused member {name!r}: {reason}. Published datasets hold plain files"
            " and folders only: this is not the published archive; fetch from elsewhere"
        )


def refuse_cut(member: Member, size: int | None) -> None:
    """Raises when an archive ends inside a member."""
    if size is not None and member.stop > size:
        raise ValueError(
            f"member {member.name!r} ends at byte {member.stop}, but the archive has"
            f" only {size} bytes: it was cut off or is damaged"
        )


def refuse_duplicate(member: Member, first: Member) -> None:
    """Raises when two members have one name, ignoring case."""
    if first.start != member.start:
        raise ValueError(
            f"refused member {member.name!r}: the archive holds it twice (bytes"
            f" {first.start} and {member.start}); fetch from elsewhere"
        )


def plain_name(name: str) -> str:
    """Returns `name` without leading `./` and doubled slashes."""
    return "/".join(part for part in name.split("/") if part not in ("", "."))


def _member(info: tarfile.TarInfo, extra: dict, start: int, data: int) -> Member:
    name = extra.get("path", info.name)
    is_file = info.type in FILE_TYPES and not name.endswith("/")
    is_folder = info.type == tarfile.DIRTYPE or name.endswith("/")
    kind = "" if is_file or is_folder else KINDS.get(info.type, "of an unknown type")
    if any(key.startswith("GNU.sparse") for key in extra):
        kind = KINDS[tarfile.GNUTYPE_SPARSE]
    refuse_unsafe(name if is_folder else plain_name(name) and name, kind)
    size = extra.get("size", info.size) if is_file else 0
    if size < 0:
        raise ValueError(f"byte {start}: member {name!r} has a size of {size} bytes")
    return Member(plain_name(name), FILE if is_file else FOLDER, start, data, size)


def _extension(info: tarfile.TarInfo, read: Callable[[int], bytes]) -> dict:
    """Returns what a GNU long name or pax record sets for the next member."""
    if not 0 <= info.size <= LONGEST_EXTENSION:
        raise ValueError(f"refused a tar extension record of {info.size} bytes")
    payload = read(padded(info.size))[: info.size]
    if info.type == tarfile.XGLTYPE:
        return {}
    if info.type == tarfile.GNUTYPE_LONGNAME:
        return {"path": _text(payload.split(b"\0", 1)[0])}
    return _pax_records(payload)


def _pax_records(payload: bytes) -> dict:
    """Returns `length key=value` lines as a dict; size becomes an int."""
    records = {}
    while payload.strip(b"\0"):
        match = re.match(rb"(\d{1,10}) ([^=\n]+)=", payload)
        length = int(match[1]) if match else 0
        if not match or not match.end() < length <= len(payload):
            raise ValueError("refused a damaged pax record")
        records[_text(match[2])] = _text(payload[match.end() : length - 1])
        payload = payload[length:]
    if "size" in records:
        if not records["size"].isdecimal():
            raise ValueError(f"refused a pax size of {records['size']!r}")
        records["size"] = int(records["size"])
    return records


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise ValueError(
            f"refused a member whose name is not UTF-8: {data!r}"
        ) from None
