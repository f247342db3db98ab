"""What analyzers print, read into one form. msgspec's errors where it is something else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from daydreamd.context.candidates import analyzer_rules as rules

_MOST: Final = 2_000


class AnalyzerFinding(msgspec.Struct, frozen=True, kw_only=True):
    """A finding: lines from 1 of the file at `path`, the rule's `code`, and why it matters."""

    path: str
    line: int
    end_line: int
    code: str
    message: str
    why: str = ""


class _Place(msgspec.Struct, frozen=True):
    row: int


class _RuffFound(msgspec.Struct, frozen=True):
    filename: str
    location: _Place
    end_location: _Place
    message: str
    code: str | None = None


class _ShellFound(msgspec.Struct, frozen=True):
    file: str
    line: int
    endLine: int  # noqa: N815 - as it is printed
    code: int
    message: str


class _ShellAnswer(msgspec.Struct, frozen=True):
    comments: list[_ShellFound]


class _Typo(msgspec.Struct, frozen=True):
    type: str
    path: str = ""
    line_num: int = 0
    typo: str = ""
    corrections: list[str] | None = None


class _Position(msgspec.Struct, frozen=True):
    line: int


class _Range(msgspec.Struct, frozen=True):
    start: _Position
    end: _Position


class _AstFound(msgspec.Struct, frozen=True, rename="camel"):
    file: str
    range: _Range
    rule_id: str
    message: str
    note: str | None = None


class _Local(msgspec.Struct, frozen=True):
    verbatim_path: str = ""
    given_path: str = ""


class _Key(msgspec.Struct, frozen=True):
    Local: _Local | None = None


class _Symbolic(msgspec.Struct, frozen=True):
    key: _Key
    annotation: str = ""
    kind: str = ""


class _Location(msgspec.Struct, frozen=True):
    start_point: _Place
    end_point: _Place


class _Concrete(msgspec.Struct, frozen=True):
    location: _Location


class _ZizmorPlace(msgspec.Struct, frozen=True):
    symbolic: _Symbolic
    concrete: _Concrete


class _ZizmorFound(msgspec.Struct, frozen=True):
    ident: str
    desc: str
    locations: list[_ZizmorPlace]


def read_ruff(printed: bytes) -> list[AnalyzerFinding]:
    """The answer of `ruff check --output-format=json`."""
    found = msgspec.json.decode(printed or b"[]", type=list[_RuffFound])
    return [
        AnalyzerFinding(
            path=one.filename,
            line=one.location.row,
            end_line=one.end_location.row,
            code=one.code or "",
            message=one.message,
            why=rules.RUFF.get(one.code or "", ""),
        )
        for one in found[:_MOST]
    ]


def read_shellcheck(printed: bytes) -> list[AnalyzerFinding]:
    """The answer of `shellcheck --format=json1`."""
    answer = msgspec.json.decode(printed or b'{"comments":[]}', type=_ShellAnswer)
    return [
        AnalyzerFinding(
            path=one.file,
            line=one.line,
            end_line=one.endLine,
            code=f"SC{one.code}",
            message=one.message,
        )
        for one in answer.comments[:_MOST]
    ]


def read_typos(printed: bytes) -> list[AnalyzerFinding]:
    """The answer of `typos --format=json`; `code` is the word that is misspelt."""
    read = (msgspec.json.decode(line, type=_Typo) for line in _lines(printed))
    return [
        AnalyzerFinding(
            path=one.path,
            line=one.line_num,
            end_line=one.line_num,
            code=one.typo,
            message=f"a new name is misspelt: `{one.typo}` for `{one.corrections[0]}`",
            why="Now it is renamed at no cost; later others will have used it.",
        )
        for one in read
        if one.type == "typo" and one.corrections
    ]


def read_ast_grep(printed: bytes) -> list[AnalyzerFinding]:
    """The answer of `ast-grep scan --json=stream`, whose lines count from 0."""
    read = (msgspec.json.decode(line, type=_AstFound) for line in _lines(printed))
    return [
        AnalyzerFinding(
            path=one.file,
            line=one.range.start.line + 1,
            end_line=one.range.end.line + 1,
            code=one.rule_id,
            message=one.message,
            why=one.note or "",
        )
        for one in read
    ]


def read_zizmor(printed: bytes) -> list[AnalyzerFinding]:
    """The answer of `zizmor --format=json`, whose rows count from 0; the primary place of each."""
    found = msgspec.json.decode(printed or b"[]", type=list[_ZizmorFound])
    told = []
    for one in found[:_MOST]:
        for place in one.locations:
            local = place.symbolic.key.Local
            if local is not None and place.symbolic.kind == "Primary":
                told.append(
                    AnalyzerFinding(
                        path=local.verbatim_path or local.given_path,
                        line=place.concrete.location.start_point.row + 1,
                        end_line=place.concrete.location.end_point.row + 1,
                        code=one.ident,
                        message=f"{one.desc}: {place.symbolic.annotation}",
                        why=rules.ZIZMOR.get(one.ident, ""),
                    )
                )
    return told


def _lines(printed: bytes) -> Iterator[bytes]:
    yield from [line for line in printed.split(b"\n") if line.strip()][:_MOST]
