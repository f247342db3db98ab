"""The section "Disk": only what is worth a line, and each line with a place or a setting."""

from __future__ import annotations

from datetime import UTC, datetime

from daydreamd.insights.disk_section import disk_lines, say_total
from daydreamd.insights.report import Report, render
from daydreamd.records.disk import DiskUse, KindUse, Vanishing

GIB = 1 << 30
OUTPUTS = KindUse(
    kind="task outputs of claude", place="/tmp", bytes=3 * GIB, files=12, finished=True,
    grown_bytes=GIB, since_seconds=86_400, in_memory=True,
)  # fmt: skip
TREES = KindUse(
    kind="worktrees", place="/src", bytes=111 * GIB, files=9, finished=False,
    node_modules_bytes=80 * GIB,
)  # fmt: skip
GOING = Vanishing(count=12, bytes=5, period_days=30, within_days=7, source="its default")


def report(use: DiskUse | None) -> str:
    return render(Report(session_id="x", at=datetime.now(UTC), workspaces=("shop",), disk=use))


def test_each_kind_says_how_much_how_it_grows_and_where():
    lines = disk_lines(DiskUse(kinds=(TREES, OUTPUTS)))
    assert lines == [
        "agents hold at least 114.0 GiB in all, 1.0 GiB more a day",
        "worktrees: at least 111.0 GiB in 9 files, 80.0 GiB of it node_modules · /src",
        "task outputs of claude: 3.0 GiB in 12 files, in memory (tmpfs), 1.0 GiB more a day · /tmp",
    ]


def test_dead_outputs_and_transcripts_that_go_name_their_setting():
    use = DiskUse(dead_outputs=2, dead_output_bytes=GIB, vanishing=GOING)
    dead, going = disk_lines(use)
    assert "cleanup.outputs.enabled = true" in dead
    assert going.startswith("Claude Code deletes 12 transcripts within 7 d")
    assert going.endswith("cleanup.transcripts.archive = true keeps them")


def test_what_is_little_or_already_kept_is_no_news():
    little = KindUse(kind="caches of claude", bytes=5_000, files=2, finished=True)
    kept = Vanishing(
        count=2, bytes=5, period_days=30, within_days=7, source="its default", archived=2
    )
    assert disk_lines(DiskUse(kinds=(little,), vanishing=kept)) == []
    assert say_total(DiskUse(kinds=(little,))) == ""
    assert disk_lines(None) == []


def test_the_report_has_a_section_only_where_there_is_something_to_say():
    assert "## Disk" not in report(None)
    assert "## Disk" not in report(DiskUse())
    page = report(DiskUse(kinds=(OUTPUTS,)))
    assert "## Disk\n\n- agents hold 3.0 GiB in all" in page


def test_a_path_with_markdown_in_it_stays_a_path():
    import msgspec

    odd = msgspec.structs.replace(OUTPUTS, place="/tmp/*a*\n## Not a heading")
    assert "\n## Not" not in report(DiskUse(kinds=(odd,)))
