"""What a command line was for: a test run, a commit, a push, or nothing but looking.

A shell line is cut into its simple commands; wrappers that only start another program are passed
over. Whether its exit code speaks for one of them depends on what stands behind it. Pure.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from functools import lru_cache
from typing import Final


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_HEREDOC: Final = re.compile(r"<<-?\s*(['\"]?)(\w+)\1.*?^\s*\2\s*$", re.DOTALL | re.MULTILINE)
_HERE_FILE: Final = re.compile(
    r"(?:^|[;&|(]\s*|\s)(?:cat\s*>>?|cat\s+<<-?\s*['\"]?\w+['\"]?\s*>>?|tee\s+(?:-a\s+)?)\s*"
    r"['\"]?([\w./~@+-]+)['\"]?",
    re.MULTILINE,
)
_IN_PLACE: Final = re.compile(r"-[a-zA-Z]*i|--in-place")
_SCRIPTS: Final = ("-e", "-f", "--expression", "--file")
_NO_FILE: Final = re.compile(r"[*?$`{}|]|^/dev/|^~|^-")
_OPERATORS: Final = ("&&", "||", ";", "|", "&", "|&", "\n", "(", ")")
_ASSIGNED: Final = re.compile(r"[A-Za-z_]\w*=.*", re.DOTALL)
_WRAPPERS: Final = _words(
    "sudo env time nice nohup timeout command exec stdbuf xvfb-run unbuffer ionice chronic "
    "rtk noglob caffeinate setsid "
)
_RUNNERS: Final = {
    "uv": ("run",), "poetry": ("run",), "pipenv": ("run",), "pdm": ("run",), "hatch": ("run",),
    "rye": ("run",), "bundle": ("exec",), "pnpm": ("exec", "dlx"), "yarn": ("exec", "dlx"),
    "npx": (), "bunx": (), "mise": ("exec", "x"), "direnv": ("exec",), "docker": ("exec", "run"),
    "podman": ("exec", "run"), "nix": ("develop",), "conda": ("run",), "coverage": ("run",),
}  # fmt: skip
_TESTERS: Final = _words(
    "pytest py.test tox nox nosetests jest vitest mocha ava karma cypress playwright rspec "
    "minitest phpunit pest ctest bats prove gotestsum busted trial stestr behave cucumber "
    "ginkgo nextest "
)
_TEST_TARGETS: Final = {
    (
        "go yarn bun deno dotnet mix swift sbt rails composer flutter dart zig bazel stack "
        "cabal lein task invoke hatch ninja meson xcodebuild manage.py artisan"
    ): "test",
    "cargo": "test t nextest",
    "npm": "test t tst",
    "pnpm": "test t",
    "mvn mvnw": "test verify install",
    "gradle gradlew": "test check build",
    "rake": "test spec",
    "dune": "test runtest",
    "make just": "test check tests",
    "gmake": "test check",
}
_TEST_WORDS: Final = {
    program: tuple(targets.split())
    for programs, targets in _TEST_TARGETS.items()
    for program in programs.split()
}
_TEST_NAME: Final = re.compile(r"(?:^|[._/:-])(?:tests?|specs?|check)(?:$|[._:/-])")
_PYTHON: Final = re.compile(r"(?:python|pypy)[\d.]*$")
_MODULES: Final = ("pytest", "unittest", "nose2", "tox", "nox", "doctest", "trial", "behave")
_PACKAGERS: Final = ("npm", "yarn", "pnpm", "bun")
_LOOKERS: Final = _words(
    "ls cat head tail grep rg egrep fgrep find fd wc echo printf pwd cd which type file "
    "stat du df tree diff cmp jq awk sort uniq cut tr less more bat date whoami env export "
    "set sleep true false test [ ps id uname hostname basename dirname realpath readlink nl "
    "column xxd md5sum sha256sum mkdir touch apply_patch git pushd popd source . sed tee "
    "xargs rm cp mv ln chmod gh curl wget pip pip3 apt-get apt "
)
_OPAQUE: Final = re.compile(
    r"(?:^|[;&|(]\s*|\s)(?:\./|bin/|scripts?/)[\w./-]+|\b(?:ba|z)?sh\s+[\w./]|\S+\.sh\b"
    r"|\b(?:make|gmake|just|task|invoke|rake|earthly|bazel|nix|act|gh|glab)\b"
    r"|\b(?:npm|yarn|pnpm|bun)\s+run\b|\b(?:docker|podman)\b|\bpre-commit\b|\bmvn|\bgradlew?"
)
_BUILDING: Final = re.compile(
    r"\b(?:build|compile|lint|fmt|format|install|clean|dev|start|serve|watch|types?|typecheck|"
    r"docs?|deploy|setup|migrate|seed|up|down|ps|logs|pr|issue)\b"
)
_NO_TESTS: Final = _words(
    "--version --help -h --collect-only --co --list --listTests --dry-run --no-run "
)
_NEVER_RAN: Final = frozenset({124, 125, 126, 127, 129, 130, 137, 143, -9, -15, -2, -1})
_NO_VERDICT: Final = {"pytest": frozenset({4, 5}), "unittest": frozenset({5})}


@dataclass(frozen=True)
class ShellPart:
    """One simple command: the program's name without wrappers and its arguments.

    `decides` says whether the line can only end with 0 where this command did; `fails` whether it
    can only end otherwise where this one did.
    """

    program: str
    arguments: tuple[str, ...]
    decides: bool
    fails: bool = False


@lru_cache(maxsize=4_096)
def parts_of(line: str) -> tuple[ShellPart, ...]:
    """The simple commands of a shell line, as far as it can be cut; quotes are respected."""
    cut = _cut(_HEREDOC.sub(" ", line.replace("\\\n", " ")))
    parts: list[ShellPart] = []
    for place, (operator, words) in enumerate(cut):
        followers = [later for later, _ in cut[place + 1 :]]
        decides = all(one == "&&" for one in followers)
        if named := _unwrapped(words):
            before = operator in ("", "&&", ";") and all(p.program in _LOOKERS for p in parts)
            fails = before and not followers
            parts.append(ShellPart(named[0], tuple(named[1:]), decides, fails))
    return tuple(parts)


def _cut(line: str) -> list[tuple[str, list[str]]]:
    lexer = shlex.shlex(line.replace("\n", " ; "), posix=True, punctuation_chars="();<>|&")
    lexer.whitespace_split = True
    lexer.commenters = ""
    found: list[tuple[str, list[str]]] = [("", [])]
    skip = False
    try:
        for token in lexer:
            if skip:
                skip = False
            elif token in _OPERATORS:
                found.append((token, []))
            elif set(token) <= set("<>&|();"):
                skip = token not in (">&", "<&") or True
            elif not (token.isdigit() and found[-1][1] == []):
                found[-1][1].append(token)
    except ValueError:  # a quote that does not end
        return [(operator, words) for operator, words in found if words]
    last = found[-1]
    if not last[1] and last[0] == "&":  # it all runs in the background
        return [*[one for one in found if one[1]], ("&", ["true"])]
    return [(operator, words) for operator, words in found if words]


def _unwrapped(words: list[str]) -> list[str]:
    while words:
        name = words[0].rsplit("/", 1)[-1]
        if _ASSIGNED.fullmatch(words[0]) or name in ("!", "{", "}", "then", "do", "if"):
            words = words[1:]
        elif name in _WRAPPERS:
            words = _without_options(words[1:], is_timed=name == "timeout")
        elif (
            name in ("bash", "sh", "zsh")
            and len(words) > 2
            and words[1].startswith("-")
            and "c" in words[1]
        ):
            inner = _cut(words[2])
            words = inner[-1][1] if inner else []
        elif name in ("bash", "sh", "zsh") and len(words) > 1 and not words[1].startswith("-"):
            words = words[1:]
        elif (subs := _RUNNERS.get(name)) is not None and (
            not subs or (words[1:2] and words[1] in subs)
        ):
            if name == "hatch" and words[1:2] == ["test"]:
                return [name, *words[1:]]
            words = _without_options(words[1 + bool(subs) :], is_timed=False)
        else:
            return [name, *words[1:]]
    return []


def _without_options(words: list[str], *, is_timed: bool) -> list[str]:
    while words and (
        words[0].startswith("-") or (is_timed and re.fullmatch(r"[\d.]+[smhd]?", words[0]))
    ):
        words = words[1:]
    return words


@lru_cache(maxsize=4_096)
def test_part(line: str) -> ShellPart | None:
    """The last test run in a line, if there is one."""
    found = [part for part in parts_of(line) if _is_test(part)]
    return found[-1] if found else None


def _is_test(part: ShellPart) -> bool:
    program, arguments = part.program, part.arguments
    if any(word in _NO_TESTS for word in arguments):
        return False
    if _PYTHON.match(program) or program == "node":
        return _is_test_module(arguments) or _is_test_script(arguments)
    if program in _PACKAGERS and arguments[:1] in (("run",), ("run-script",)):
        return bool(arguments[1:2]) and _TEST_NAME.search(arguments[1]) is not None
    if words := _TEST_WORDS.get(program):
        named = [word for word in arguments if not word.startswith(("-", "+"))]
        return any(
            word in words or word.startswith(tuple(f"{one}:" for one in words)) for word in named
        )
    is_named = program not in _LOOKERS and _TEST_NAME.search(program) is not None
    return program in _TESTERS or is_named


def _is_test_module(arguments: tuple[str, ...]) -> bool:
    if "--test" in arguments:
        return True
    module = arguments[arguments.index("-m") + 1 :][:1] if "-m" in arguments else ()
    return bool(module) and module[0].split(".")[0] in _MODULES


def _is_test_script(arguments: tuple[str, ...]) -> bool:
    script = next((word for word in arguments if not word.startswith("-")), "")
    if script.endswith("manage.py"):
        return "test" in arguments
    name = script.rsplit("/", 1)[-1]
    return re.match(r"(?:run_?)?tests?[_.]|.*_tests?\.\w+$", name) is not None


def may_test(line: str) -> bool:
    """Whether a line starts a script or a target that could have run tests without saying so."""
    if line.startswith("mcp__"):
        return re.search(r"test|run|exec|shell|terminal|command|check", line) is not None
    return _OPAQUE.search(line) is not None and not _BUILDING.search(line)


@lru_cache(maxsize=4_096)
def files_written(line: str) -> tuple[str, ...]:
    """The files that a line writes itself: `cat > FILE <<EOF`, `tee FILE <<EOF`, `sed -i … FILE`.

    Other redirections are of output, and no edits.
    """
    found = _HERE_FILE.findall(line) if "<<" in line else []
    for part in parts_of(line):
        if part.program == "sed" and any(_IN_PLACE.match(word) for word in part.arguments):
            given = zip(("", *part.arguments), part.arguments, strict=False)
            plain = [word for last, word in given if word[0:1] != "-" and last not in _SCRIPTS]
            found += plain if any(word in _SCRIPTS for word in part.arguments) else plain[1:]
    return tuple(name for name in found if not _NO_FILE.search(name))


def runs_elsewhere(line: str) -> bool:
    """Whether a line leaves the directory upwards, or checks out other code."""
    words = [part for word, part in git_words(line) if word in ("checkout", "switch")]
    return any("--" not in part.arguments and "." not in part.arguments for part in words) or any(
        part.program == "cd" and part.arguments[:1] and part.arguments[0].startswith("..")
        for part in parts_of(line)
    )


def tells_failure(part: ShellPart, exit_code: int) -> bool:
    """Whether this exit code of the line says that the tests ran and failed."""
    if exit_code == 0 or not part.fails or exit_code in _NEVER_RAN:
        return False
    return exit_code not in _NO_VERDICT.get(part.program, frozenset())


@lru_cache(maxsize=4_096)
def git_words(line: str) -> tuple[tuple[str, ShellPart], ...]:
    """The subcommands of git in a line, `-C` and its like passed over."""
    if "git" not in line:
        return ()
    found = []
    for part in parts_of(line):
        if part.program != "git":
            continue
        words = list(part.arguments)
        while words and words[0].startswith("-"):
            words = words[2:] if words[0] in ("-C", "-c", "--git-dir", "--work-tree") else words[1:]
        if words:
            found.append((words[0], ShellPart("git", tuple(words), part.decides, part.fails)))
    return tuple(found)
