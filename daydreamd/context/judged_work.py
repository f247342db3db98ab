"""What was decided about each tip, kept for as long as the same commits are elsewhere.

A decision depends on the tip and on what is kept, on nothing else: branches that have not moved are
not compared again while the remote refs are where they were.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Final

import msgspec

from daydreamd import __version__
from daydreamd.context.cache import make_private, names_of
from daydreamd.context.comparison import Comparison
from daydreamd.context.foreign import ForeignGit
from daydreamd.context.kept import Kept
from daydreamd.context.state import in_thread
from daydreamd.context.unkept import describe_commits, find_present
from daydreamd.errors import CommandError, FileError
from daydreamd.host.files.access import read_beneath, write_atomically
from daydreamd.records.only_here import Verdict

_FORMAT: Final = 1
_MAX_BYTES: Final = 16 << 20
_MAX_SIZED: Final = 50_000


class JudgedTip(msgspec.Struct, frozen=True, kw_only=True):
    """A tip and the verdict on it. `at` is when the oldest of its commits that are nowhere else
    was made, or the tip; `bases` are the kept commits that it starts from."""

    verdict: Verdict
    proof: str
    at: int | None = None
    commits: tuple[str, ...] = ()
    bases: tuple[str, ...] = ()
    files: int = 0
    bytes: int | None = None
    author: str = ""
    helpers: str = ""
    subject: str = ""


class _Decided(msgspec.Struct, frozen=True, kw_only=True):
    key: str
    tips: dict[str, JudgedTip]


_MISSING: Final = JudgedTip(verdict="unknown", proof="its objects are not there")


class WorkJudge:
    """Decides about tips of one repository against what is kept, and remembers it."""

    def __init__(self, git: ForeignGit, kept: Kept, *, cache: Path, workspace: str) -> None:
        self.kept = kept
        self._git = git
        self._cache = cache
        _, self._name, _ = names_of(workspace)
        shallow = sorted(git.repository.shallow_ends)
        parts = repr([_FORMAT, __version__, list(kept.commits.items()), kept.reason, shallow])
        self._key = blake2b(parts.encode(errors="surrogateescape"), digest_size=16).hexdigest()

    async def judge(
        self, tips: Iterable[str], *, place: Path, seconds: float
    ) -> dict[str, JudgedTip]:
        """A verdict for each of the tips."""
        wanted = list(dict.fromkeys(tips))
        known = await in_thread(self._recall)
        missing = [tip for tip in wanted if tip not in known]
        if not missing:
            return {tip: known[tip] for tip in wanted}
        try:
            new, final = await self._judge_new(missing, place, seconds)
        except CommandError as error:
            late = JudgedTip(verdict="unknown", proof=f"it could not be compared: {error}")
            new, final = dict.fromkeys(missing, late), set()
        lasting = {tip: one for tip, one in known.items() if tip in set(wanted)}
        lasting |= {tip: one for tip, one in new.items() if tip in final}
        await self._remember(lasting)
        return {tip: known.get(tip) or new[tip] for tip in wanted}

    async def _judge_new(
        self, tips: list[str], place: Path, seconds: float
    ) -> tuple[dict[str, JudgedTip], set[str]]:
        present = await find_present(self._git, tips)
        comparison = Comparison(self._git, self.kept, place, seconds)
        there = [tip for tip in tips if tip in present]
        compared = await comparison.compare(there)
        facts = await describe_commits(self._git, there)
        sizes = await _read_sizes(
            self._git,
            (c.now.blob for changes in compared.changes.values() for c in changes),
        )
        judged = dict.fromkeys(tips, _MISSING)
        for tip, decision in compared.decisions.items():
            said, changes = facts.get(tip), compared.changes.get(tip, [])
            commits = compared.lineages[tip].commits if tip in compared.lineages else ()
            made = [compared.unkept.times[oid] for oid in commits]
            judged[tip] = JudgedTip(
                verdict=decision.verdict,
                proof=decision.proof,
                at=min(made) if made else said.at if said else None,
                commits=commits,
                bases=compared.lineages[tip].bases if tip in compared.lineages else (),
                files=len(changes),
                bytes=sum(sizes.get(c.now.blob, 0) for c in changes) if commits else None,
                author=said.author if said else "",
                helpers=said.helpers if said else "",
                subject=said.subject if said else "",
            )
        return judged, {tip for tip, one in compared.decisions.items() if one.final}

    def _recall(self) -> Mapping[str, JudgedTip]:
        try:
            content = read_beneath(self._cache, self._name, max_bytes=_MAX_BYTES)
            decided = msgspec.json.decode(content, type=_Decided)
        except (FileError, msgspec.MsgspecError, UnicodeDecodeError):
            return {}
        return decided.tips if decided.key == self._key else {}

    async def _remember(self, tips: dict[str, JudgedTip]) -> None:
        try:
            await in_thread(make_private, self._cache)
            content = msgspec.json.encode(_Decided(key=self._key, tips=tips))
            if len(content) <= _MAX_BYTES:
                await write_atomically(self._cache / self._name, content)
        except (FileError, UnicodeEncodeError):
            return  # it is decided again the next time


async def _read_sizes(git: ForeignGit, blobs: Iterable[str]) -> dict[str, int]:
    wanted = [blob for blob in dict.fromkeys(blobs) if set(blob) != {"0"}][:_MAX_SIZED]
    if not wanted:
        return {}
    try:
        printed = await git.run(
            "cat-file", "--batch-check=%(objectname) %(objectsize)",
            stdin="\n".join(wanted).encode(),
        )  # fmt: skip
    except CommandError:
        return {}  # in a partial clone they may not be there
    said = (line.split() for line in printed.decode().splitlines())
    return {words[0]: int(words[1]) for words in said if words[1].isdecimal()}
