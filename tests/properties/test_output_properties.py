"""Whatever is known of an output, and whatever a tree looks like: only what is proven dead goes."""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daydreamd.cleanup.output_decision import OutputFacts, OutputRule, decide_output
from daydreamd.cleanup.outputs import clean_outputs
from daydreamd.settings.cleanup import Cleanup, CleanupOutputs, CleanupTemp
from daydreamd.units import Duration, Size

UID, ID = os.geteuid(), "0a41c0de-0000-4000-8000-000000000001"
SECONDS = st.floats(min_value=-1e6, max_value=1e8, allow_nan=False)
FACTS = st.builds(
    OutputFacts,
    session_id=st.sampled_from(["", ID]),
    is_of_a_command=st.booleans(),
    bytes=st.integers(0, 1 << 41),
    age_seconds=SECONDS,
    lives=st.sampled_from(["", "", "its session runs"]),
    transcript_age=st.none() | SECONDS,
    is_open=st.sampled_from([False, False, True, None]),
)
RULES = st.builds(OutputRule, st.booleans(), st.floats(0, 1e7), st.integers(0, 1 << 30))


@given(FACTS, RULES)
def test_what_goes_is_proven_dead_in_every_respect(facts: OutputFacts, rule: OutputRule):
    verdict = decide_output(facts, rule)
    assert verdict.reason
    assert verdict.removes <= (verdict.is_proven and rule.ends)
    if verdict.is_proven:
        assert facts.session_id
        assert facts.is_of_a_command
        assert not facts.lives
        assert facts.is_open is False
        assert facts.bytes >= rule.min_size
        assert facts.age_seconds >= rule.max_age
        assert facts.transcript_age is not None
        assert facts.transcript_age >= rule.max_age


@given(FACTS, RULES)
def test_more_doubt_never_removes_more(facts: OutputFacts, rule: OutputRule):
    if decide_output(facts, rule).removes:
        return
    doubts = (
        {"session_id": ""}, {"is_open": None}, {"is_open": True}, {"transcript_age": None},
        {"lives": "its session runs"}, {"is_of_a_command": False},
    )  # fmt: skip
    assert not any(decide_output(replace(facts, **doubt), rule).removes for doubt in doubts)


NAMES = st.sampled_from(
    ["tasks", ID, "-x", f"claude-{UID}", "b1.output", "a1.output", "b1", ".git", "notes.output"]
)
ENTRIES = st.lists(
    st.tuples(
        st.lists(NAMES, min_size=1, max_size=6),
        st.sampled_from(["file", "file", "link", "link to a directory", "hard link", "fifo"]),
    ),
    max_size=25,
)
LIKELY = st.sampled_from(
    [
        ([f"claude-{UID}", "-x", ID, "tasks", "b1.output"], "file"),
        ([f"claude-{UID}", "-x", ID, "tasks", "b2.output"], "link"),
        ([f"claude-{UID}", "-x", ID, "tasks"], "link to a directory"),
        ([f"claude-{UID}", "-x", ID], "link to a directory"),
        ([f"claude-{UID}"], "link to a directory"),
    ]
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(ENTRIES, st.lists(LIKELY, max_size=4), st.booleans())
def test_whatever_the_tree_looks_like_only_proven_outputs_go_and_nothing_behind_a_link(
    entries, likely, has_transcript
):
    with tempfile.TemporaryDirectory() as scratch:
        temp, outside = Path(scratch, "tmp"), Path(scratch, "outside")
        build(Path(scratch), [*likely, *entries], has_transcript=has_transcript)
        before = photograph(Path(scratch))
        chosen = Cleanup(
            outputs=CleanupOutputs(enabled=True, max_age=Duration(0), min_size=Size(1)),
            temp=CleanupTemp(directories=(str(temp),)),
        )
        files, _ = clean_outputs(chosen, {"HOME": str(Path(scratch, "home"))}, act=True)
        gone = before.keys() - photograph(Path(scratch)).keys()
        proven = temp / f"claude-{UID}/-x/{ID}/tasks/b1.output"
        assert gone <= ({str(proven)} if has_transcript else set())
        assert gone == {file.path for file in files if file.outcome == "removed"}
        assert all(before[path] == "file" for path in gone)
        assert (outside / "tasks/b1.output").read_text() == "somebody's"


def build(scratch: Path, entries, *, has_transcript: bool) -> None:
    temp, outside = scratch / "tmp", scratch / "outside"
    (outside / "tasks").mkdir(parents=True)
    (outside / "tasks/b1.output").write_text("somebody's")
    projects = scratch / "home/.claude/projects/-x"
    projects.mkdir(parents=True)
    temp.mkdir()
    if has_transcript:
        (projects / f"{ID}.jsonl").write_text("{}\n")
    for parts, what in entries:
        path = temp.joinpath(*parts)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if os.path.lexists(path):
                continue
            match what:
                case "file":
                    path.write_text("x" * 10)
                case "link":
                    path.symlink_to(outside / "tasks/b1.output")
                case "link to a directory":
                    path.symlink_to(outside)
                case "hard link":
                    path.hardlink_to(outside / "tasks/b1.output")
                case "fifo":
                    os.mkfifo(path)
        except OSError:  # something else is there already
            continue
    (outside / "tasks/b1.output").write_text("somebody's")


def photograph(root: Path) -> dict[str, str]:
    """Every entry, links not followed, and what it is."""
    found = {}
    for directory, _, names in os.walk(root):
        for name in names:
            path = Path(directory, name)
            kind = "link" if path.is_symlink() else "file" if path.is_file() else "other"
            found[str(path)] = kind
    return found
