"""`make zoo`: the real Claude Code and the real Aider, abandoned and in use.

Claude Code comes from the npm registry into a temporary directory; `claude mcp serve` needs no
account. Too large for every test run (235 MB).
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from daydreamd.host.processes import identify, is_alive
from tests.integration.zoo.animals import Animal
from tests.integration.zoo.keeper import Zoo, open_zoo
from tests.integration.zoo.visit import clean

AIDER = Path(".venv-aider/bin/aider").resolve()
_START_SECONDS = 15.0  # both work for a while before they wait for anybody


def main() -> int:
    """Print a line for each; the exit code says whether all was right."""
    with tempfile.TemporaryDirectory(prefix="daydreamd-zoo-") as directory:
        claude = _install_claude(Path(directory, "npm"))
        with open_zoo(Path(directory, "zoo")) as zoo:
            animals = [*_claudes(zoo, claude), *_aiders(zoo)]
            time.sleep(_START_SECONDS)
            return _visit(zoo, animals)


def _visit(zoo: Zoo, animals: list[Animal]) -> int:
    identities = {animal.pid: identify(animal.pid) for animal in animals}
    said = {one["pid"]: one for one in clean(zoo)["candidates"]}
    wrong = 0
    for animal in animals:
        one = said.get(animal.pid, {"decision": "no agent", "reasons": [], "outcome": ""})
        gone = not is_alive(identities[animal.pid])
        right = one["decision"] == animal.decision and gone == (animal.decision == "kill")
        wrong += not right
        mark = "right" if right else "WRONG"
        print(f"{mark}  {animal.name:34} {one['decision']:8} {'; '.join(one['reasons'])}")
    print(f"{len(animals) - wrong} of {len(animals)} right")
    return 1 if wrong else 0


def _claudes(zoo: Zoo, claude: Path) -> list[Animal]:
    code = zoo.put("share/code/code")
    reading, writing = os.pipe()
    served = zoo.release(claude, "mcp", "serve", stdin=reading)
    typed = zoo.release(claude, "mcp", "serve", tty=zoo.terminal())
    zoo.release(code, stdin=writing)
    os.close(reading)
    os.close(writing)
    return [
        Animal("claude, abandoned", _with_fifo(zoo, claude, "mcp", "serve"), "kill"),
        Animal("claude, with a client", served, "spare"),
        Animal("claude, in a terminal", typed, "spare"),
    ]


def _aiders(zoo: Zoo) -> list[Animal]:
    python = os.path.realpath(AIDER.with_name("python"))
    options = [
        str(AIDER), "--model", "gpt-4o", "--openai-api-key", "none", "--no-git", "--no-analytics",
        "--no-check-update", "--no-show-model-warnings", "--no-browser", "--yes-always",
    ]  # fmt: skip
    virtual = {"PYTHONPATH": str(next(AIDER.parent.parent.glob("lib/python*/site-packages")))}
    return [
        Animal("aider, abandoned", _with_fifo(zoo, python, *options, **virtual), "kill"),
        Animal(
            "aider, in a terminal",
            zoo.release(python, *options, tty=zoo.terminal(), **virtual),
            "spare",
        ),
    ]


def _with_fifo(zoo: Zoo, program: Path | str, *arguments: str, **wishes: str) -> int:
    """Fed by a pipe whose both ends it holds itself, so that its input never ends."""
    fifo = zoo.directory / f"fifo-{len(zoo.animals())}"
    os.mkfifo(fifo)
    both = os.open(fifo, os.O_RDWR)
    try:
        return zoo.release(program, *arguments, stdin=both, **wishes)
    finally:
        os.close(both)


def _install_claude(directory: Path) -> Path:
    directory.mkdir()
    install = ["npm", "install", "--prefix", directory, "--no-audit", "--no-fund", "--silent"]
    subprocess.run([*install, "@anthropic-ai/claude-code"], check=True)
    found = directory / "node_modules" / ".bin" / "claude"
    return Path(os.path.realpath(found))


if __name__ == "__main__":
    sys.exit(main())
