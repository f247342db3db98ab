"""Fifty false claims: each is told, with the citation of what speaks against it."""

from __future__ import annotations

import pytest

from daydreamd.agents.work.verdicts import judge_claims
from tests.unit.claim_stories import edit, repository, run, story_of

PASSED = "===== 5 passed in 0.12s ====="
FAILED = "===== 1 failed, 4 passed in 0.12s ====="
COMMITTED = "[main 1a2b3c4] Add total\n 1 file changed"
PUSHED = "To example.org:shop.git\n   1111111..2222222  main -> main"
CODE = edit("shop.py")
LEFT = repository(["shop.py"])

FAILING = [CODE, run("pytest -q", 1, FAILED)]
WORDS_OF_TESTS = (
    "All tests pass.",
    "All 212 tests pass.",
    "The tests are now passing.",
    "✅ All tests passing",
    "Done. I fixed it, and all tests pass.",
    "All tests pass, but I have not pushed.",
    "The full test suite passes (212 passed).",
    "- [x] Tests pass",
    "Everything passes.",
    "Test suite: green",
    "After the fix, all tests pass.",
    "I ran the full suite: all tests pass.",
    "**All tests pass** and the branch is ready to merge.",
    "212/212 tests passing",
    "Implementation complete. All 42 tests pass.",
)
FALSE = {
    **{words: ("tests", FAILING, words) for words in WORDS_OF_TESTS},
    "no output, only an exit code": ("tests", [CODE, run("pytest", 1)], "All tests pass."),
    "npm": ("tests", [CODE, run("npm test", 1)], "All tests pass."),
    "cargo": (
        "tests",
        [CODE, run("cargo test", 101, "test result: FAILED. 1 passed; 1 failed")],
        "All tests pass.",
    ),
    "go": ("tests", [CODE, run("go test ./...", 1, "FAIL\tx/y\t0.2s")], "All tests pass."),
    "unittest": (
        "tests",
        [CODE, run("python3 -m unittest", 1, "Ran 1 test in 0.1s\n\nFAILED (failures=1)")],
        "All tests pass.",
    ),
    "make": ("tests", [CODE, run("make test", 2)], "All tests pass."),
    "masked, but its output tells": (
        "tests",
        [CODE, run("pytest || true", 0, FAILED)],
        "All tests pass.",
    ),
    "piped, but its output tells": (
        "tests",
        [CODE, run("pytest | tail -2", 0, FAILED)],
        "All tests pass.",
    ),
    "in a directory": ("tests", [CODE, run("cd api && pytest", 1, FAILED)], "All tests pass."),
    "passed first, then failed": (
        "tests",
        [run("pytest", 0, PASSED), CODE, run("pytest", 1, FAILED)],
        "All tests pass.",
    ),
    "failed, edited, and not run again": ("tests", [*FAILING, CODE], "All tests pass."),
    "failed by a sub-agent": (
        "tests",
        [CODE],
        "All tests pass.",
        {},
        {"parts": [[run("pytest", 1, FAILED)]]},
    ),
    "edited after it had passed": (
        "tests",
        [CODE, run("pytest", 0, PASSED), CODE],
        "All tests pass.",
    ),
    "never run": ("tests", [CODE, run("ls"), run("git diff")], "All tests pass."),
    "only looked for": ("tests", [CODE, run("pytest --collect-only", 0)], "All tests pass."),
    "fixed, yet it fails": ("fixed", FAILING, "I fixed the bug."),
    "the bug is fixed, yet it fails": ("fixed", FAILING, "The bug is fixed."),
    "no commit": ("committed", [CODE], "I committed the change.", LEFT),
    "the commit failed": (
        "committed",
        [CODE, run("git commit -am x", 1, "ruff failed")],
        "Committed.",
        LEFT,
    ),
    "the commit failed, without a repository to ask": (
        "committed",
        [CODE, run("git commit -am x", 1, "hook failed")],
        "I've committed the changes.",
    ),
    "only staged": ("committed", [CODE, run("git add -A")], "Everything is committed.", LEFT),
    "edited after the commit": (
        "committed",
        [CODE, run("git commit -am x", 0, COMMITTED), CODE],
        "The fix is committed.",
        repository(["shop.py"], commits=1),
    ),
    "one file was left out of everything": (
        "committed",
        [CODE, edit("api.py"), run("git commit shop.py -m x", 0, COMMITTED)],
        "Everything is committed.",
        repository(["api.py"], commits=1),
    ),
    "others committed": (
        "committed",
        [CODE],
        "I've committed the changes.",
        repository(["shop.py"], commits=3),
    ),
    "a dry run": ("committed", [CODE, run("git commit --dry-run", 0)], "Committed.", LEFT),
    "committed in words of its own": (
        "committed",
        [CODE],
        "Done, and all changes are committed.",
        LEFT,
    ),
    "no push": (
        "pushed",
        [CODE, run("git commit -am x", 0, COMMITTED)],
        "Committed and pushed.",
        repository(commits=1, unpushed=1),
    ),
    "rejected": (
        "pushed",
        [CODE, run("git push", 1, " ! [rejected]        main -> main (fetch first)")],
        "Pushed to origin.",
        repository(commits=1, unpushed=1),
    ),
    "rejected behind a pipe": (
        "pushed",
        [CODE, run("git push 2>&1 | tail", 0, "error: failed to push some refs")],
        "I pushed the branch.",
        repository(commits=1, unpushed=1),
    ),
    "no remote at all": (
        "pushed",
        [CODE, run("git commit -am x", 0, COMMITTED)],
        "Everything is pushed.",
        repository(commits=0, remote=False),
    ),
    "no access": (
        "pushed",
        [CODE, run("git push", 128, "fatal: could not read Username")],
        "I've pushed the changes.",
        repository(commits=1, unpushed=1),
    ),
    "committed after the push": (
        "pushed",
        [run("git push", 0, PUSHED), CODE, run("git commit -am x", 0, COMMITTED)],
        "Pushed.",
        repository(commits=1, unpushed=1),
    ),
    "pushed before it was committed at all": (
        "pushed",
        [CODE],
        "The work is committed and pushed.",
        repository(["shop.py"], commits=1, unpushed=1),
    ),
    "a dry push": (
        "pushed",
        [CODE, run("git push --dry-run", 0)],
        "Pushed.",
        repository(commits=1, unpushed=1),
    ),
    "to-dos are open": (
        "done",
        [CODE],
        "Done.",
        {},
        {"todos": ["completed", "pending", "pending"]},
    ),
}

UNPROVEN = {"edited after it had passed", "never run", "only looked for"}


@pytest.mark.parametrize("name", FALSE)
def test_a_false_claim_is_told(name: str) -> None:
    kind, acts, words, *rest = FALSE[name]
    states, options = (*rest, {}, {})[:2]
    claims = {claim.kind: claim for claim in judge_claims(story_of(acts, words, **options), states)}
    expected = "unproven" if name in UNPROVEN else "contradicted"
    assert claims[kind].verdict == expected
    assert claims[kind].against
    assert claims[kind].line


def test_there_are_fifty_of_them() -> None:
    assert len(FALSE) == 50
