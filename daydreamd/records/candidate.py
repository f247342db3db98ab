"""Something that might be worth saying, found by a rule and not by a model."""

from __future__ import annotations

from hashlib import blake2b

import msgspec


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule or an analyzer found on changed lines, true by construction.

    `key` is the same for the same finding wherever its lines move to; `source` is the rule. Lines
    count from 1, `path` is relative to the workspace, `quote` is the text of the lines.
    """

    key: str
    source: str
    path: str
    line: int
    end_line: int
    title: str
    body: str
    quote: str = ""
    category: str = "risk"


def candidate_key(source: str, path: str, subject: str) -> str:
    """The identity of what `source` found in `path` about `subject`, a name or a line's text."""
    said = "\0".join((source, path, " ".join(subject.split())))
    return blake2b(said.encode(errors="replace"), digest_size=6).hexdigest()
