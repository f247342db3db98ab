"""Secrets found in foreign text, and taken out of it.

`redact` is for everything that is written for people or kept: log, history, report, screens, the
words of a server. It takes what is called a password for one. `holds_secret` is for source code,
where `token = read_token()` is no secret: there a name counts only beside a literal.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Final

from daydreamd.text.shapes import TOKENS, SecretShape

REDACTED: Final = "[redacted]"
_SHORTEST_KNOWN: Final = 6

_NAME: Final = (
    r"(?:api|access|auth|private|secret|service|account|encryption|signing|master|deploy|bot)"
    r"[_.-]?(?:key|token|secret)|apikey|passw(?:or)?d|passwd|pwd|passphrase|secret|token|credentials?"
)
_NAME_WORDS: Final = ("key", "token", "secret", "passw", "pwd", "passphrase", "credential", "auth")
_SECRET_NAME: Final = re.compile(rf"(?i)(?:{_NAME})$")
# `name = "value"`, `"name": "value"`: a value in quotes, in code too
_QUOTED: Final = SecretShape(
    _NAME_WORDS,
    rf"(?i)(?:{_NAME})[\"']?\s{{0,4}}(?::=|=>|[:=])\s{{0,4}}(?P<quote>[\"'`])(?P<secret>[^\"'`\s]{{6,500}})(?P=quote)",
    folded=True,
)
# `PASSWORD=value` on a line of its own, as in a .env file
_LINE: Final = SecretShape(
    _NAME_WORDS,
    rf"(?im)^\s{{0,8}}(?:export\s{{1,4}})?[A-Z0-9_.-]{{0,40}}?(?:{_NAME})=(?P<secret>[^\s\"'`(){{}}$<>]{{8,500}})\s*$",
    folded=True,
)
_BARE: Final = SecretShape(
    _NAME_WORDS,
    rf"(?i)(?:{_NAME})[\"']?\s{{0,2}}(?P<sign>:=|=>|[:=])\s{{0,2}}[\"']?(?P<secret>[^\s\"'`,;&(){{}}\[\]<>]{{6,500}})",
    folded=True,
)
_URL: Final = SecretShape(
    ("://",), r"(?i)\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@\"'<>]{0,200}:(?P<secret>[^\s\"'<>/]{1,200})@"
)
_URL_TOKEN: Final = SecretShape(("://",), r"://(?P<secret>[^\s/:@\"'<>]{16,200})@")
_QUERY: Final = SecretShape(
    ("?", "&"),
    rf"(?i)[?&](?:[\w.-]{{0,40}}(?:{_NAME})|key|sig|signature|code|auth)=(?P<secret>[^&\s\"'<>#]{{6,500}})",
)
_HEADER: Final = SecretShape(
    ("uthorization", "UTHORIZATION", "earer "),
    r"(?i)(?:authorization[\"']?\s{0,4}[:=]\s{0,4}[\"']?(?:basic|bearer|token|digest)?\s{0,4}|\bbearer\s{1,4})"
    r"(?P<secret>[A-Za-z0-9+/=_.~-]{12,4000})",
)
_ANYWHERE: Final = (*TOKENS, _URL, _URL_TOKEN, _QUERY, _HEADER)
_OF_CODE: Final = (*_ANYWHERE, _LINE)
# What every value in quotes has before it. Code is full of names and short of these: looking for
# them first takes a third of the time.
_ASSIGNED: Final = re.compile(r"[:=>]\s{0,4}[\"'`](?=[^\"'`\s]{6})")
_NAME_REACH, _VALUE_REACH = 48, 520
_OF_TEXT: Final = (*_ANYWHERE, _QUOTED, _BARE)

_PLACEHOLDER: Final = re.compile(
    r"(?i)[x*.•…_-]+|.*(?:\$\{|\$\(|\{\{|%[sd(]|<|example|placeholder|changeme|redacted|your[_-]).*"
    r"|\{\w*\}|none|null|true|false|undefined|pass(?:word|wd)?|secret|token|user|test|dummy|foo(?:bar)?"
    r"|\$\w+|process\.env.*|os\.environ.*|(?:\.{0,2}|~)/.*|\d+(?:\.\d+)?"
)
_OPTION: Final = re.compile(r"-{1,2}([A-Za-z0-9][\w.-]*)")
_ATTACHED: Final = {
    "mysql": "-p", "mysqldump": "-p", "mysqladmin": "-p", "mariadb": "-p", "sshpass": "-p",
}  # fmt: skip
_FOLLOWING: Final = {"curl": ("-u", "--user"), "sshpass": ("-p",), "wget": ("--http-password",)}

_known: set[str] = set()


def hide(secret: str) -> None:
    """Have `redact` take this very text out from now on: a key from the settings has any look."""
    for form in (secret, secret.strip()):
        if len(form) >= _SHORTEST_KNOWN:
            _known.update({form, repr(form)[1:-1]})


def redact(text: str) -> str:
    """`text` with `[redacted]` in place of every secret in it."""
    for secret in _known:
        if secret in text:
            text = text.replace(secret, REDACTED)
    for shape in _possible(text, _OF_TEXT):
        text = shape.regex.sub(_replacement, text)
    return text


def holds_secret(code: str) -> bool:
    """Whether source code holds a secret; placeholders and expressions are none."""
    found = (match for shape in _possible(code, _OF_CODE) for match in shape.regex.finditer(code))
    return any(not _is_placeholder(match) for match in chain(found, _quoted(code)))


def is_secret_name(name: str) -> bool:
    """Whether an option, setting or variable of this name holds a secret: `api_key`, `apikey`."""
    return _SECRET_NAME.search(name) is not None


def redact_argv(argv: Sequence[str]) -> tuple[str, ...]:
    """A command line without the secrets in it: after `--api-key`, in `TOKEN=…`, in URLs."""
    return tuple(_words(argv))


def _words(argv: Sequence[str]) -> Iterator[str]:
    program = argv[0].rsplit("/", 1)[-1] if argv else ""
    attached, following = _ATTACHED.get(program), _FOLLOWING.get(program, ())
    expected = False
    for word in argv:
        if expected and not word.startswith("-"):
            yield REDACTED
            expected = False
            continue
        if attached and word.startswith(attached) and len(word) > len(attached):
            yield attached + REDACTED
            continue
        option, sign, value = word.partition("=")
        name = _OPTION.fullmatch(option)
        secret = is_secret_name(name[1] if name else option)
        expected = (bool(name) and secret and not sign) or word in following
        if secret and sign and value and not _PLACEHOLDER.fullmatch(value):
            yield f"{option}={REDACTED}"
        else:
            yield redact(word)


def _quoted(code: str) -> Iterator[re.Match[str]]:
    """Where a name of a secret stands before a literal; some more than once."""
    for sign in _ASSIGNED.finditer(code):
        start = max(0, sign.start() - _NAME_REACH)
        before = code[start : sign.start()].lower()
        if any(word in before for word in _NAME_WORDS):
            yield from _QUOTED.regex.finditer(code, start, sign.end() + _VALUE_REACH)


def _possible(text: str, shapes: Sequence[SecretShape]) -> Iterator[SecretShape]:
    """The shapes of which a literal stands in `text`; names are looked for in any case."""
    folded = text.casefold()
    for shape in shapes:
        where = folded if shape.folded else text
        if any(literal in where for literal in shape.literals):
            yield shape


def _replacement(match: re.Match[str]) -> str:
    if _is_placeholder(match):
        return match[0]
    start, end = _span(match)
    return match.string[match.start() : start] + REDACTED + match.string[end : match.end()]


def _span(match: re.Match[str]) -> tuple[int, int]:
    return match.span("secret") if "secret" in match.re.groupindex else match.span()


def _is_placeholder(match: re.Match[str]) -> bool:
    groups = match.re.groupindex
    if "secret" not in groups:
        return False
    secret = match["secret"]
    if _PLACEHOLDER.fullmatch(secret):
        return True
    # `token: expression` is prose or code; a secret behind a colon has a digit in it
    said = "sign" in groups and match["sign"] != "="
    return said and not any(char.isdigit() for char in secret)
