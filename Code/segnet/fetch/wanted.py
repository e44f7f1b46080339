"""Which members of an archive are wanted, and when all of them are known."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import groupby

from segnet.fetch.tar_index import TarIndex
from segnet.fetch.tar_member import Member


@dataclass(frozen=True)
class Wanted:
    """Part of one archive.

    Args:
        folders: Folders whose files are all wanted (not their sub-folders).
        required: Single files that must come too.
        optional: Single files taken when the way leads past them.
        counts: Files the publisher put into each folder; empty when the archive
            may be someone else's. Then a folder is over when the archive moves on
            to another one and its frame numbers have no holes, provided that no
            folder seen so far comes in two parts.
        share: Part of the archive that is wanted, 0 to 1; about right is enough.
    """

    folders: tuple[str, ...]
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    share: float = 1.0

    @property
    def everything(self) -> bool:
        return self.share >= 1

    def takes(self, name: str) -> bool:
        """Whether a file of this name is wanted."""
        return (
            name.rpartition("/")[0] in self.folders
            or name in self.required
            or name in self.optional
        )

    def known(self, index: TarIndex) -> bool:
        """Whether the table holds all that is wanted: no need to look further."""
        if index.complete:
            return True
        members = index.files()
        names = {member.name for member in members}
        if self.everything or not names.issuperset(self.required):
            return False
        if not self.counts and self._mixed(members):
            return False
        ends = {member.end for member in index.all()} | {0}
        return all(
            self._over(folder, self.inside(folder, members), index, ends)
            for folder in self.folders
        )

    def inside(self, folder: str, members: Iterable[Member]) -> list[Member]:
        """The members right below a folder."""
        return [m for m in members if m.name.rpartition("/")[0] == folder]

    def check(self, members: Iterable[Member], archive: str) -> None:
        """Raises when an archive lacks a wanted folder or a required file.

        Raises:
            ValueError: Naming what is missing and what is there.
        """
        names = [member.name for member in members]
        there = {name.rpartition("/")[0] for name in names}
        for path in self.folders:
            if path not in there:
                some = ", ".join(sorted(there - {""})[:4]) or "no folders at all"
                raise ValueError(f"{archive} holds no files in {path!r}; it has {some}")
        for path in self.required:
            if path not in names:
                raise ValueError(f"{archive} holds no {path!r}: is it the right file?")

    def _mixed(self, members: Iterable[Member]) -> bool:
        """Whether the archive goes back to a folder that it had left."""
        deep = {folder.count("/") for folder in self.folders}
        folders = [member.name.rpartition("/")[0] for member in members]
        folders = [folder for folder in folders if folder.count("/") in deep]
        parts = [folder for folder, _ in groupby(folders)]
        return len(parts) > len(set(parts))

    def _over(
        self, folder: str, inside: list[Member], index: TarIndex, ends: set[int]
    ) -> bool:
        if folder in self.counts:
            return len(inside) >= self.counts[folder]
        if not inside:
            return False
        first, last = inside[0], inside[-1]
        return (
            first.start in ends
            and index.knows(last.end)
            and index.reached(first.start) >= last.end
            and without_holes(member.name for member in inside)
        )


def without_holes(names: Iterable[str]) -> bool:
    """Whether the frame numbers at the ends of the names run 0, 1, 2, ..."""
    found = [re.search(r"(\d+)\.[A-Za-z]+$", name) for name in names]
    numbers = {int(match[1]) for match in found if match}
    return numbers == set(range(len(numbers)))
