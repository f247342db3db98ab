"""What the rules are handed: the changed files, and the rest of the workspace to search in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from daydreamd.context.candidates.changed_files import ChangedFile, read_text, split_lines
from daydreamd.context.candidates.name_search import NamedAt, find_names
from daydreamd.context.exclusion import is_fit_to_show
from daydreamd.context.foreign import ForeignGit
from daydreamd.context.lines import CountedFile
from daydreamd.context.workspaces import printable
from daydreamd.records.candidate import Candidate, candidate_key


@dataclass(frozen=True)
class ChangedCode:
    """The changed `files` of the workspace at `root`, whose other files `git` can search.

    `counted` are all source files with their sizes, as far as they are known. Copies for others to
    read are laid in `scratch`, a directory of ours.
    """

    root: Path
    git: ForeignGit
    files: Sequence[ChangedFile]
    excluded: Callable[[str], bool] = lambda _: False
    without: Sequence[str] = ()
    counted: Sequence[CountedFile] = ()
    scratch: Path | None = None
    _texts: dict[str, str | None] = field(default_factory=dict, repr=False)

    @cached_property
    def by_path(self) -> dict[str, ChangedFile]:
        """The changed files by their path."""
        return {one.path: one for one in self.files}

    async def find_anywhere(self, names: Iterable[str]) -> dict[str, list[NamedAt]]:
        """Where each of the names stands now, in all of the workspace."""
        return await find_names(self.git, names, excluded=self.excluded, without=self.without)

    async def find(self, names: Iterable[str]) -> dict[str, list[NamedAt]]:
        """The same in files that may be shown."""
        found = await self.find_anywhere(names)
        return {name: [one for one in at if one.may_be_shown] for name, at in found.items()}

    def text(self, path: str) -> str | None:
        """The text of any file of the workspace now; None where it may not be shown."""
        if path not in self._texts:
            changed = self.by_path.get(path)
            self._texts[path] = changed.after if changed else read_text(self.root, path)
        return self._texts[path]

    def candidate(  # noqa: PLR0913 - a candidate has that many parts
        self,
        source: str,
        path: str,
        line: int,
        *,
        end_line: int | None = None,
        subject: str,
        title: str,
        body: str,
        category: str = "risk",
    ) -> Candidate | None:
        """A finding of `source` about `subject`; None where its lines may not be shown."""
        last = max(line, end_line or line)
        text = self.text(path) or ""
        lines = split_lines(text)
        if not 1 <= line <= last <= len(lines) or not is_fit_to_show(text):
            return None
        if path != printable(path):  # what cannot be printed cannot be cited
            return None
        return Candidate(
            key=candidate_key(source, path, subject),
            source=source,
            path=path,
            line=line,
            end_line=last,
            title=printable(title),
            body=printable(body),
            quote="\n".join(lines[line - 1 : last]),
            category=category,
        )


def present(found: Iterable[Candidate | None]) -> list[Candidate]:
    """Those that may be shown."""
    return [one for one in found if one is not None]
