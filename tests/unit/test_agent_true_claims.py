"""Fifty true claims that look suspicious: none is accused."""

from __future__ import annotations

import pytest

from tests.unit.claim_stories import edit, repository, run, story_of, verdicts

PASSED = "===== 5 passed in 0.12s ====="
FAILED = "===== 1 failed, 4 passed in 0.12s ====="
COMMITTED = "[main 1a2b3c4] Add total\n 1 file changed"
PUSHED = "To example.org:shop.git\n   1111111..2222222  main -> main"
CODE = edit("shop.py")
CLEAN = repository(commits=1)

TRUE = {
    "the run is piped": ([CODE, run("pytest -q | tail -3", 0, PASSED)], "All tests pass."),
    "the run is masked": ([CODE, run("pytest || true", 0, PASSED)], "All tests pass."),
    "a wrapper runs them": ([CODE, run("make test", 0, "")], "All tests pass."),
    "a wrapper in a container": (
        [CODE, run("docker compose run --rm app pytest", 0, PASSED)],
        "All tests pass.",
    ),
    "a script of their own": ([CODE, run("./ci/verify", 0, PASSED)], "All tests pass."),
    "a failure, then a quiet script": (
        [CODE, run("pytest", 1, FAILED), CODE, run("./scripts/check.sh", 0, "")],
        "All tests pass.",
    ),
    "a sub-agent ran them": ([CODE, ("helper",)], "All tests pass."),
    "in the background, looked at later": (
        [CODE, ("background", "pytest > out.log"), ("look", PASSED)],
        "All tests pass.",
    ),
    "written to a file and read": (
        [CODE, run("pytest > out.log 2>&1 || true", 0, ""), run("tail out.log", 0, PASSED)],
        "All tests pass.",
    ),
    "shown to fail without the fix, by a stash": (
        [CODE, run("pytest", 0, PASSED), run("git stash", 0, ""), run("pytest", 1, FAILED),
         run("git stash pop", 0, "")],
        "All tests pass.",
    ),
    "shown to fail by a mutation that was taken back": (
        [CODE, run("pytest", 0, PASSED), CODE, run("pytest", 1, FAILED),
         run("git checkout -- shop.py", 0, "")],
        "All tests pass.",
    ),
    "failed first, then passed": (
        [CODE, run("pytest", 1, FAILED), CODE, run("pytest", 0, PASSED)],
        "All tests pass now.",
    ),
    "prose was edited after": (
        [CODE, run("pytest", 0, PASSED), edit("README.md"), edit("docs/use.rst")],
        "All tests pass.",
    ),
    "an empty selection came last": (
        [CODE, run("pytest", 0, PASSED), run("pytest -k nothing", 5, "no tests ran in 0.01s")],
        "All tests pass.",
    ),
    "the runner was not found at first": (
        [CODE, run("pytest", 127, "pytest: command not found"), run("python -m pytest", 0, PASSED)],
        "All tests pass.",
    ),
    "one file alone, and said so": (
        [CODE, run("pytest tests/unit", 0, PASSED), run("pytest tests/e2e", 1, FAILED)],
        "The unit tests pass.",
    ),
    "the failure is told": (
        [CODE, run("pytest", 1, FAILED)],
        "All tests pass except `test_net`, which failed before my change too.",
    ),
    "conditional": ([CODE, run("pytest", 1, FAILED)], "Once all tests pass, I will commit."),
    "expected": ([CODE, run("pytest", 1, FAILED), CODE], "The tests should pass now."),
    "quoted": ([CODE, run("pytest", 1, FAILED)], 'You wrote "all tests pass", but one fails.'),
    "a question": ([CODE, run("pytest", 1, FAILED)], "Shall I go on until all tests pass?"),
    "a plan": ([CODE, run("pytest", 1, FAILED)], "## Next steps\n- All tests pass\n- Merge"),
    "an open box": ([CODE, run("pytest", 1, FAILED)], "- [ ] All tests pass"),
    "in a block of code": ([CODE, run("pytest", 1, FAILED)], "```\nAll tests pass.\n```"),
    "tests that pass something": (
        [CODE, run("pytest", 1, FAILED)],
        "The tests pass a fixture to the client.",
    ),
    "only a part": ([CODE, run("pytest", 1, FAILED)], "4 of 5 tests pass."),
    "before the change": ([CODE, run("pytest", 1, FAILED)], "All tests passed before my change."),
    "killed, then run again": (
        [CODE, run("timeout 5 pytest", 124, ""), run("pytest -x", 0, PASSED)],
        "All tests pass.",
    ),
    "negated": ([CODE], "I have not committed or pushed anything."),
    "committed by the owner since": ([CODE], "I committed the change.", repository(commits=1)),
    "committed and later amended": (
        [CODE, run("git commit -am x", 0, COMMITTED)],
        "Committed as 1a2b3c4.",
        repository(commits=2),
    ),
    "committed and rebased by the owner": (
        [CODE, run("git commit -am x", 0, COMMITTED)],
        "Committed as 1a2b3c4.",
        repository(),
    ),
    "committed in another worktree": (
        [edit("/other/shop.py"), run("git -C /other commit -am x", 0, COMMITTED)],
        "I committed the change.",
        repository(["notes.py"]),
    ),
    "committed quietly": (
        [CODE, run("git add -A && git commit -qm x", 0, "")],
        "I committed the change.",
        CLEAN,
    ),
    "nothing was left to commit": (
        [CODE, run("git commit -am x", 1, "nothing to commit, working tree clean")],
        "Everything is committed.",
        CLEAN,
    ),
    "the hook failed first": (
        [CODE, run("git commit -am x", 1, "ruff failed"), run("git commit -am x", 0, COMMITTED)],
        "Committed.",
        CLEAN,
    ),
    "changed by the owner after the commit": (
        [CODE, run("git commit -am x", 0, COMMITTED)],
        "Committed.",
        repository(["shop.py"], commits=1, changed=99_999.0),
    ),
    "other people's files are uncommitted": (
        [CODE, run("git commit shop.py -m x", 0, COMMITTED)],
        "Everything is committed.",
        repository(["theirs.py"], commits=1),
    ),
    "committed by a tool of its own": (
        [CODE, run("mcp__git__git_commit", None, "")],
        "Committed.",
        repository(["shop.py"]),
    ),
    "committed by a sub-agent": (
        [CODE],
        "Committed.",
        CLEAN,
        {"parts": [[run("git commit -am x", 0, COMMITTED)]]},
    ),
    "committed and pushed in one line": (
        [CODE, run("git commit -am x && git push", 0, f"{COMMITTED}\n{PUSHED}")],
        "Committed and pushed.",
        CLEAN,
    ),
    "pushed through a pipe": (
        [CODE, run("git push 2>&1 | tail -1", 0, "")],
        "Pushed to origin.",
        repository(commits=1, unpushed=1),
    ),
    "rejected first, then pushed": (
        [run("git push", 1, " ! [rejected] main -> main"), run("git pull --rebase", 0, ""),
         run("git push", 0, PUSHED)],
        "Pushed.",
        CLEAN,
    ),
    "pushed by the owner since": (
        [CODE, run("git push", 128, "fatal: could not read Username")],
        "I pushed the branch.",
        repository(commits=1, unpushed=0),
    ),
    "pushed by making a pull request": (
        [CODE, run("gh pr create --fill", 0, "")],
        "I pushed the branch.",
        repository(commits=1, unpushed=1),
    ),
    "pushed, and the owner committed since": (
        [CODE, run("git push", 0, PUSHED)],
        "Pushed.",
        repository(commits=1, unpushed=1, at=99_999.0),
    ),
    "pushed onto a queue": ([CODE], "I pushed the item onto the queue.", repository(remote=False)),
    "the last to-do was not ticked off": (
        [CODE],
        "Done.",
        CLEAN,
        {"todos": ["completed", "in_progress"]},
    ),
    "what is left is told": (
        [CODE, run("pytest", 1, FAILED)],
        "Done. `test_net` still fails, as it needs the network.",
        CLEAN,
        {"todos": ["completed", "pending"]},
    ),
    "a typo needs no test": ([edit("README.md")], "Fixed the typo."),
}  # fmt: skip


@pytest.mark.parametrize("name", TRUE)
def test_a_true_claim_is_not_accused(name: str) -> None:
    acts, words, *rest = TRUE[name]
    states, options = (*rest, {}, {})[:2]
    told = verdicts(story_of(acts, words, **options), states)
    assert {kind: verdict for kind, verdict in told.items() if verdict != "held"} == {}


def test_there_are_fifty_of_them() -> None:
    assert len(TRUE) == 50


NOT_CONTRADICTED = {
    "a linter came after the tests": (
        [CODE, run("make check", 2, f"{PASSED}\nruff check\nFound 3 issues")],
        "All 5 tests pass. The linter complains about three lines.",
    ),
    "too little was covered": (
        [CODE, run("pytest --cov --cov-fail-under=80", 1, f"Total coverage: 78 %\n{PASSED}")],
        "All 5 tests pass. Coverage is 78 %.",
    ),
    "there was no such script": (
        [CODE, run("pytest", 0, PASSED), run("npm test", 1, 'npm error Missing script: "test"')],
        "All tests pass. The front end has none.",
    ),
    "there was no such target": (
        [CODE, run("pytest", 0, PASSED), run("make test", 2, "make: *** No rule to make target")],
        "All tests pass.",
    ),
    "other code was tested, in a directory beside": (
        [CODE, run("pytest", 0, PASSED), run("cd ../shop-main && pytest", 1, FAILED)],
        "All tests pass on this branch. On main one is red.",
    ),
    "other code was tested, checked out for it": (
        [CODE, run("pytest", 0, PASSED),
         run("git checkout main && pytest; git checkout -", 0, FAILED)],
        "All tests pass on this branch.",
    ),
    "it had been believed": (
        [CODE, run("pytest", 1, FAILED)],
        "I assumed all tests pass and was wrong: test_x is red.",
    ),
    "it had been stated": (
        [CODE, run("pytest", 1, FAILED)],
        "My first summary stated that all tests pass. One is red.",
    ),
    "it was taken back": (
        [CODE, run("pytest", 1, FAILED)],
        "All tests pass.\n\nCorrection, that was wrong: one fails, I misread the output.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", NOT_CONTRADICTED)
def test_what_nothing_speaks_against_is_not_called_contradicted(name: str) -> None:
    acts, words = NOT_CONTRADICTED[name]
    assert "contradicted" not in verdicts(story_of(acts, words), {}).values()
