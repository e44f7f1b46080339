"""The wanted members of an archive, and whether all of them are known."""

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
        required: Single files that must be in the archive too.
        optional: Single files taken if they are found on the way.
        counts: Published number of files in each folder; empty when a mirror may
            hold another archive. Then a folder is complete when a member of another
            folder follows and its frame numbers have no gaps, provided that no
            folder seen so far comes in two parts.
        share: Wanted share of the archive, 0 to 1, roughly.
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
        """Returns whether a file of this name is wanted."""
        return (
            name.rpartition("/")[0] in self.folders
            or name in self.required
            or name in self.optional
        )

    def known(self, index: TarIndex) -> bool:
        """Returns whether an index holds all wanted members."""
        if index.complete:
            return True
        members = index.files()
        names = {member.name for member in members}
        if self.everything or not names.issuperset(self.required):
            return False
        if not self.counts and self._interleaved(members):
            return False
        ends = {member.end for member in index.all()} | {0}
        return all(
            self._is_complete(folder, self.inside(folder, members), index, ends)
            for folder in self.folders
        )

    def inside(self, folder: str, members: Iterable[Member]) -> list[Member]:
        """Returns the members directly in a folder."""
        return [m for m in members if m.name.rpartition("/")[0] == folder]

    def check(self, members: Iterable[Member], archive: str) -> None:
        """Raises when an archive lacks a wanted folder or a required file.

        Raises:
            ValueError: Naming the missing path and some that exist.
        """
        names = [member.name for member in members]
        found = {name.rpartition("/")[0] for name in names}
        for path in self.folders:
            if path not in found:
                some = ", ".join(sorted(found - {""})[:4]) or "no folders at all"
                raise ValueError(f"{archive} holds no files in {path!r}; it has {some}")
        for path in self.required:
            if path not in names:
                raise ValueError(f"{archive} holds no {path!r}: is it the right file?")

    def _interleaved(self, members: Iterable[Member]) -> bool:
        """Returns whether members of one folder lie in two places."""
        deep = {folder.count("/") for folder in self.folders}
        folders = [member.name.rpartition("/")[0] for member in members]
        folders = [folder for folder in folders if folder.count("/") in deep]
        parts = [folder for folder, _ in groupby(folders)]
        return len(parts) > len(set(parts))

    def _is_complete(
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
            and without_gaps(member.name for member in inside)
        )


def without_gaps(names: Iterable[str]) -> bool:
    """Returns whether the frame numbers at the ends of the names run 0, 1, 2, ..."""
    found = [re.search(r"(\d+)\.[A-Za-z]+$", name) for name in names]
    numbers = {int(match[1]) for match in found if match}
    return numbers == set(range(len(numbers)))
