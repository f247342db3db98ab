"""Instruction files held against real workspaces: only what is no longer true is told."""

import json

import pytest


@pytest.fixture
def faults_of(look_at):
    """A function that gives the faults of a repository as `file:line kind said`."""

    async def look(repo):
        entry = await look_at(repo.path)
        return [f"{f['path']}:{f['line']} {f['kind']} {f['said']}" for f in entry["instructions"]]

    return look


async def test_a_path_that_the_history_saw_end_is_told_with_where_it_is_now(make_repo, look_at):
    repo = make_repo()
    repo.write("src/api/client.py", "x = 1\n" * 9)
    repo.write("AGENTS.md", "# Rules\n\nThe client is `src/api/client.py`.\n")
    repo.commit()
    repo.git("mv", "src/api/client.py", "src/client.py")
    gone = repo.commit()
    (fault,) = (await look_at(repo.path))["instructions"]
    assert (fault["path"], fault["line"], fault["kind"]) == ("AGENTS.md", 3, "path")
    assert fault["reason"] == f"gone since {gone[:7]}; now src/client.py"


async def test_commands_that_are_no_more_are_told(make_repo, faults_of):
    repo = make_repo()
    repo.write("Makefile", "build: a b\n\techo\n.PHONY: build\n")
    repo.write("justfile", "@fmt arg='x':\n  echo\nalias f := fmt\n")
    repo.write("package.json", json.dumps({"scripts": {"lint:all": "x"}}))
    repo.write(
        "CLAUDE.md",
        "Run `make build`, `just fmt` or `npm run lint:all`.\n\n"
        "```bash\nmake check\njust f && just ship\nnpm run lint\n```\n",
    )
    repo.commit()
    assert await faults_of(repo) == [
        "CLAUDE.md:4 make make check",
        "CLAUDE.md:5 just just ship",
        "CLAUDE.md:6 script npm run lint",
    ]


async def test_versions_below_what_the_manifest_asks_for_are_told(make_repo, faults_of):
    repo = make_repo()
    repo.write("pyproject.toml", '[project]\nname = "a"\nrequires-python = ">=3.11"\n')
    repo.write("package.json", '{"engines": {"node": ">=20.1"}}')
    repo.write(
        "GEMINI.md", "Python 3.9+ and Node 22+ are needed.\nPython 3.11+ is.\nNode.js 18+.\n"
    )
    repo.commit()
    assert await faults_of(repo) == [
        "GEMINI.md:1 version Python 3.9+",
        "GEMINI.md:3 version Node.js 18+",
    ]


async def test_a_link_that_leads_nowhere_is_told(make_repo, faults_of):
    repo = make_repo()
    repo.write("docs/setup.md", "x\n")
    repo.write(".github/copilot-instructions.md", "[a](../docs/setup.md) [b](../docs/gone.md#x)\n")
    repo.write(".cursor/rules/a.mdc", "[c](mdc:src/x.ts) [d](https://example.org/x.md)\n")
    repo.commit()
    assert await faults_of(repo) == [
        ".github/copilot-instructions.md:1 link [b](../docs/gone.md#x)"
    ]


HARMLESS = """\
Tests live in `tests/**/*.py`, see `src/<name>/index.ts` and `packages/{a,b}/x.ts`.
Never existed: `lib/made/up.py`. From the package: `handlers/user.go`.
Home: `~/notes/a.md`, `/etc/app/conf.toml`, <https://example.org/a/b.md>, `$HOME/x/y.sh`.
`old/removed.py` was removed; do not create it again.
An example: `old/removed.py`.
Output goes to `dist/index.js`.
```python
open("old/removed.py")
```
```
src/
├── old/removed.py
```
Run `make -C sub other`, `cd sub && make other`, `make $TARGET`, `npm run build:<name>`, `npm test`.
"""


async def test_patterns_placeholders_examples_and_what_is_made_are_no_faults(make_repo, faults_of):
    repo = make_repo()
    repo.write("old/removed.py", "1\n")
    repo.write("dist/index.js", "1\n")
    repo.write("service/handlers/user.go", "package x\n")
    repo.write("Makefile", "all:\n")
    repo.write("package.json", '{"scripts": {}}')
    repo.write("AGENTS.md", HARMLESS)
    repo.commit()
    repo.git("rm", "-q", "old/removed.py", "dist/index.js")
    repo.commit()
    assert await faults_of(repo) == []


async def test_targets_that_are_made_up_elsewhere_are_not_judged(make_repo, faults_of):
    repo = make_repo()
    repo.write("Makefile", "include more.make\nall:\n")
    repo.write("AGENTS.md", "`make whatever`\n")
    repo.commit()
    assert await faults_of(repo) == []


async def test_what_git_ignores_may_lie_elsewhere(make_repo, faults_of):
    repo = make_repo()
    repo.write("local/conf.yaml", "1\n")
    repo.commit()
    repo.git("rm", "-q", "local/conf.yaml")
    repo.write(".gitignore", "local/\n")
    repo.write("AGENTS.md", "Settings: `local/conf.yaml`\n")
    repo.commit()
    assert await faults_of(repo) == []
