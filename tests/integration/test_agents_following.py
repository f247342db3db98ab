"""Transcripts that grow, are torn, are written anew, or were laid out to do harm."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

from daydreamd.agents.work import claude
from daydreamd.agents.work.growing_lines import follow_lines
from daydreamd.agents.work.reading import read_transcripts
from daydreamd.agents.work.stories import as_session, join
from daydreamd.agents.work.transcript_cache import Memory, keep, remember
from daydreamd.agents.work.transcript_places import find_transcripts
from daydreamd.host.files.following import own_file
from daydreamd.settings.agent_sources import Agents
from tests.unit import agent_transcripts as made

FAR = 1e12


async def read(home: Path, memory: Memory, **options):
    places = find_transcripts({"HOME": str(home)}, Agents())
    readings = await read_transcripts(places, memory, **options)
    return readings, [as_session(story) for story in join(readings.traces)]


async def test_only_what_was_added_is_read_again(tmp_path: Path) -> None:
    path, seen = made.claude(tmp_path), []

    def count(trace, raw, number):
        seen.append(number)
        claude.fold(trace, raw, number)

    mark = own_file(path)
    assert mark is not None
    known = await follow_lines(mark, None, claude.begin, count, until=FAR)
    with path.open("a") as file:
        file.write(json.dumps(made.claude_records("Pushed.")[8]) + "\n")
    mark = own_file(path)
    assert mark is not None
    grown = await follow_lines(mark, known, claude.begin, count, until=FAR)
    assert seen == [*range(1, 12)]
    assert grown.traces[0].acts[-1].text == "Pushed."
    assert grown.offset == path.stat().st_size


async def test_what_is_remembered_is_not_opened(tmp_path: Path) -> None:
    path = made.claude(tmp_path)
    _, before = await read(tmp_path, memory := Memory())
    keep(tmp_path / "cache", memory)
    path.chmod(0)  # root reads it all the same; the mark is what counts
    readings, after = await read(tmp_path, remember(tmp_path / "cache"))
    assert not readings.changed
    assert after == before


async def test_a_torn_last_line_is_read_once_it_is_whole(tmp_path: Path) -> None:
    path = made.claude(tmp_path)
    whole = path.read_bytes()
    cut = whole.rindex(b'"text"')
    path.write_bytes(whole[:cut])
    _, (torn,) = await read(tmp_path, memory := Memory())
    assert torn.skipped == 0
    with path.open("ab") as file:
        file.write(whole[cut:])
    _, (mended,) = await read(tmp_path, memory)
    assert (mended.skipped, mended.tokens) == (0, 480)


async def test_a_last_line_without_its_end_counts_once(tmp_path: Path) -> None:
    path = made.claude(tmp_path)
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    await read(tmp_path, memory := Memory())
    with path.open("a") as file:
        file.write("\n" + json.dumps(made.claude_records("More.")[8]) + "\n")
    await read(tmp_path, memory)
    (trace,) = memory.files[str(path)].traces
    assert (trace.lines, trace.acts[-1].line) == (11, 11)


async def test_a_file_that_was_written_anew_is_read_anew(tmp_path: Path) -> None:
    path = made.claude(tmp_path)
    await read(tmp_path, memory := Memory())
    longer = made.claude_records("Something else happened here, and at greater length.")
    longer[1]["message"]["content"] = "Another prompt than before, of another length"
    made.jsonl(path, longer)  # the same inode, and larger
    _, (session,) = await read(tmp_path, memory)
    assert (session.prompts, session.tokens) == (1, 480)


async def test_unknown_and_broken_records_are_counted_and_passed_over(tmp_path: Path) -> None:
    unknown = {"type": "hologram", "user": "user"}
    records = [json.dumps(one) for one in (*made.claude_records(), unknown)]
    deep = '{"type": "user", "message": ' + "[" * 100_000 + "]" * 100_000 + "}"
    broken = ['{"type": "user", "mess', '{"type": "assistant", "message": 7}', deep, '"user"', "\0"]
    odd = [{"type": "user", "message": {"content": [7, None, {"type": "tool_result"}]}, "cwd": 3}]
    lines = [*broken, *(json.dumps(one) for one in odd), *records]
    path = tmp_path / ".claude/projects/p/0a1b.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text("\n".join(lines) + "\n")
    _, (session,) = await read(tmp_path, Memory())
    assert session.tokens == 480
    assert session.skipped == 4


async def test_bytes_that_are_no_text_are_passed_over(tmp_path: Path) -> None:
    path = made.claude(tmp_path)
    path.write_bytes(
        os.urandom(100_000) + b"\n" + b'{"type":"user","x":"\xff"}\n' + path.read_bytes()
    )
    _, (session,) = await read(tmp_path, Memory())
    assert session.tokens == 480


async def test_fifos_and_links_are_not_opened(tmp_path: Path) -> None:
    path = made.claude(tmp_path)
    os.mkfifo(path.with_name("11111111.jsonl"))
    path.with_name("22222222.jsonl").symlink_to(path)
    path.with_name("33333333.jsonl").symlink_to("33333333.jsonl")
    path.parent.joinpath("loop").symlink_to(path.parent)
    _, sessions = await read(tmp_path, Memory())
    assert [one.id for one in sessions] == ["0a1b"]


async def test_the_files_of_another_owner_are_not_read(tmp_path: Path) -> None:
    mine = made.claude(tmp_path)
    theirs = mine.with_name("11111111.jsonl")
    theirs.write_bytes(mine.read_bytes())
    os.chown(theirs, 12_345, 12_345)
    directory = made.claude(tmp_path / "x").parent
    directory.rename(mine.parent.with_name("theirs"))
    os.chown(mine.parent.with_name("theirs"), 12_345, 12_345)
    _, sessions = await read(tmp_path, Memory())
    assert [one.transcript for one in sessions] == [str(mine)]


async def test_a_line_of_many_megabytes_is_read_and_one_beyond_bounds_is_skipped(
    tmp_path: Path,
) -> None:
    records = made.claude_records()
    records[5]["message"]["content"][0]["content"] = "Exit code 1\n" + "x" * (9 << 20)
    path = made.jsonl(tmp_path / ".claude/projects/p/0a1b.jsonl", records)
    with path.open("ab") as file:
        file.write(b'{"type": "user", "x": "' + b"y" * (65 << 20) + b'"}\n')
        file.write(json.dumps(made.claude_records("After it.")[8]).encode() + b"\n")
    readings, (session,) = await read(tmp_path, Memory())
    assert session.skipped == 1
    assert session.commands[0].exit_code == 1
    assert readings.traces[0][0].acts[-1].text == "After it."


async def test_what_is_not_read_in_time_is_left_for_the_next_look(tmp_path: Path) -> None:
    made.claude(tmp_path)
    made.codex(tmp_path)
    readings, sessions = await read(tmp_path, memory := Memory(), seconds=-1.0)
    assert (readings.unread, sessions) == (2, [])
    _, sessions = await read(tmp_path, memory)
    assert len(sessions) == 2


async def test_sessions_of_long_ago_are_not_opened(tmp_path: Path) -> None:
    path = made.claude(tmp_path)
    os.utime(path, (1_000, 1_000))
    readings, sessions = await read(tmp_path, Memory(), since=2_000.0)
    assert (sessions, readings.changed) == ([], False)


async def test_a_growing_file_is_read_while_its_writer_writes(tmp_path: Path) -> None:
    path = made.claude(tmp_path)
    line = json.dumps(made.claude_records("More.")[8]).encode() + b"\n"
    memory, done = Memory(), threading.Event()

    def write() -> None:
        with path.open("ab", buffering=0) as file:
            for _ in range(300):
                file.write(line[:50])
                file.write(line[50:])
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    while not done.is_set():
        await read(tmp_path, memory)
    writer.join()
    _, (session,) = await read(tmp_path, memory)
    assert session.skipped == 0
    assert memory.files[str(path)].traces[0].lines == 310


async def test_a_damaged_memory_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "agents.msgpack").write_bytes(b"\xc1 no memory")
    assert remember(tmp_path).files == {}
    keep(tmp_path / "nowhere" / "below", Memory())
    assert remember(tmp_path / "nowhere" / "below").files == {}


async def test_nothing_of_an_agents_own_is_changed(tmp_path: Path) -> None:
    made.claude(tmp_path)
    made.codex(tmp_path)
    made.gemini(tmp_path)
    made.opencode(tmp_path)

    def stand():
        files = [path for path in tmp_path.rglob("*") if path.is_file()]
        return {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in files}

    before = stand()
    await read(tmp_path, Memory())
    assert stand() == before
