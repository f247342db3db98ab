"""What the report says of work that is only here, and of instructions that are not true."""

from datetime import UTC, datetime

from daydreamd.insights.only_here_section import only_here_section
from daydreamd.insights.report import Report, render
from daydreamd.records.facts import WorkspaceFacts
from daydreamd.records.instructions import InstructionFault
from daydreamd.records.only_here import OnlyHere
from daydreamd.screens.work_lines import say_work


def entry(kind="branch", name="try", verdict="unique", **said):
    known = {"proof": "its content is not in origin/main", "age_seconds": 6 * 86_400, "path": "/r"}
    return OnlyHere(kind=kind, name=name, verdict=verdict, **(known | said))


def facts(*entries, instructions=()):
    return {"shop": WorkspaceFacts(name="shop", only_here=entries, instructions=instructions)}


def page(known):
    return render(Report(session_id="s", at=datetime.now(UTC), workspaces=("shop",), facts=known))


def test_unique_work_is_told_with_its_command_and_never_with_a_removal():
    text = page(facts(entry(commits=3, keep="git -C /r push -u origin try", bytes=2048)))
    assert "## Only on this disk" in text
    assert "| shop, branch try, 3 commits, 2 KiB | 6 d | " in text.replace("2.0 KiB", "2 KiB")
    assert "| `git -C /r push -u origin try` | look yourself |" in text


def test_nothing_to_say_gives_no_section():
    text = page(facts(entry(name="main", verdict="safe")))
    assert "Only on this disk" not in text
    assert "no longer true" not in text
    assert list(say_work(facts())) == []


def test_a_safe_branch_is_told_where_a_command_removes_it():
    told = facts(entry(verdict="safe", remove="git -C /r branch -d try"))
    assert "| `git -C /r branch -d try` |" in page(told)
    assert "      remove: git -C /r branch -d try" in list(say_work(told))


def test_a_work_tree_is_told_once_with_its_branch_and_files():
    rows = only_here_section(
        facts(
            entry(name="fix"),
            entry("worktree", "fix", path="/r/w"),
            entry("untracked", "1 file: a", path="/r/w"),
        )
    ).rows
    assert [row.what for row in rows] == ["shop, worktree fix"]


def test_a_repository_without_a_remote_is_told_once():
    alone = entry(name="main", proof="the repository has no remote: all of it is only here")
    rows = only_here_section(facts(alone, entry(name="a"), entry(name="b"))).rows
    assert [row.what for row in rows] == ["shop, branch main"]


def test_what_is_not_safe_comes_first_and_the_rest_is_counted():
    many = [entry(name=f"b{n}") for n in range(50)]
    section = only_here_section(facts(entry(name="s", verdict="safe", remove="x"), *many))
    assert len(section.rows) == 30
    assert section.rows[-1].what == "shop, branch s"
    assert section.more == 21


def test_names_that_mean_something_in_markdown_do_nothing():
    text = page(facts(entry(name="a|b](x)`<i>", keep="git -C '/r/a|b' push -u origin 'a|b`'")))
    (row,) = [line for line in text.split("\n") if line.startswith("| shop")]
    assert row.replace("\\|", "").count("|") == 6
    assert "<i>" not in row


def test_an_instruction_that_is_not_true_is_told_with_its_place():
    fault = InstructionFault(
        path="AGENTS.md", line=3, kind="make", said="make check", reason="no Makefile has it"
    )
    told = facts(instructions=(fault,))
    assert "- `AGENTS.md:3`: `make check`, no Makefile has it" in page(told)
    assert "  AGENTS.md:3 says make check: no Makefile has it" in list(say_work(told))
