"""`make zoo`: the real Claude Code, Codex, Gemini, opencode and Aider, abandoned and in use.

They come from the registries into a temporary directory; 1.3 GB are too much for every test run.
Words choose some of them: `python -m tests.integration.zoo.real codex`. What cannot be had here is
said in one line, and fails the run where CI=true.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.integration.zoo.agents import REAL, Agent, NotHereError
from tests.integration.zoo.keeper import Zoo, open_zoo
from tests.integration.zoo.specimens import Specimen, hold_up
from tests.integration.zoo.window import Window, open_window


def main(names: Sequence[str] = ()) -> int:
    """Print a line for each; the exit code says whether all was right."""
    with tempfile.TemporaryDirectory(prefix="daydreamd-zoo-") as directory:
        agents, missing = _collect(Path(directory), names or tuple(REAL))
        with open_zoo(Path(directory, "zoo")) as zoo, contextlib.ExitStack() as stack:
            specimens = [one for agent in agents for one in _release(zoo, agent, stack)]
            wrong = [one for one in hold_up(zoo, specimens) if not one.is_right]
    said = f"{len(wrong)} wrong" if wrong else f"all of {len(agents)} kinds right"
    print(said + (f", {missing} missing" if missing else ""))
    return int(bool(wrong) or (missing > 0 and os.environ.get("CI") == "true"))


def _collect(directory: Path, names: Sequence[str]) -> tuple[list[Agent], int]:
    """The agents that can be had, and the number of those that cannot."""
    agents = []
    for name in names:
        try:
            agents.append(REAL[name](directory / name))
        except NotHereError as why:
            print(f"MISSING  {name}: {why}", flush=True)
    return agents, len(names) - len(agents)


def _release(zoo: Zoo, agent: Agent, stack: contextlib.ExitStack) -> Iterator[Specimen]:
    def start(*arguments: str, **wishes: Any) -> int:
        wishes |= agent.environment
        return zoo.release(*agent.command, *arguments, becomes=agent.becomes, **wishes)

    def start_in_window() -> tuple[int, Window]:
        window = stack.enter_context(open_window())
        return start(tty=window.device, TERM="xterm-256color"), window

    for path, text in agent.remembers(zoo.home).items():
        zoo.write(path, text)
    pid, _ = start_in_window()
    yield Specimen(f"{agent.name}, in a terminal", pid, "spare", "in use: terminal pts/")
    pid = zoo.tmux(*agent.command, becomes=agent.becomes, **agent.environment)
    yield Specimen(f"{agent.name}, in tmux", pid, "spare", "runs in tmux")
    pid, window = start_in_window()
    yield Specimen(f"{agent.name}, its terminal closed", pid, "kill", window=window)
    with _endless(zoo) as both:
        yield Specimen(f"{agent.name}, abandoned", start(*agent.alone, stdin=both), "kill")
    if agent.name == "claude":
        reading, writing = os.pipe()
        pid = start(*agent.alone, stdin=reading)
        zoo.release(zoo.put("share/code/code"), stdin=writing)
        os.close(reading)
        os.close(writing)
        yield Specimen("claude, with a client", pid, "spare", "works for code")


@contextlib.contextmanager
def _endless(zoo: Zoo) -> Iterator[int]:
    """A pipe whose both ends its reader holds itself, so that its input never ends."""
    fifo = zoo.directory / f"fifo-{len(zoo.animals())}"
    os.mkfifo(fifo)
    both = os.open(fifo, os.O_RDWR)
    try:
        yield both
    finally:
        os.close(both)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
