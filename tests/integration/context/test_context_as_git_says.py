"""Odd repositories and the owner's own settings: our counts against those of the real git."""

import hashlib
import os
import subprocess
from pathlib import Path

import pytest


@pytest.fixture
def owner(tmp_path, monkeypatch):
    """A home of an owner, whose git reads it; a function that says what that git counts."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    for name in ("XDG_CONFIG_HOME", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM"):
        monkeypatch.delenv(name, raising=False)
    return home


def counted(path: Path) -> dict[str, int]:
    """What the owner's own `git status` counts."""
    argv = ["git", "status", "--porcelain", "-z", "--no-renames"]
    printed = subprocess.run(argv, cwd=path, capture_output=True, check=True).stdout
    codes = [os.fsdecode(line[:2]) for line in printed.split(b"\0") if line]
    plain = [code for code in codes if code != "??"]
    return {
        "staged": sum(code[0] != " " for code in plain),
        "unstaged": sum(code[1] != " " for code in plain),
        "untracked": codes.count("??"),
    }


async def agrees(path, look_at) -> dict:
    entry = await look_at(path)
    dirty = entry["git"]["dirty"]
    assert {key: dirty[key] for key in ("staged", "unstaged", "untracked")} == counted(path)
    return entry["git"]


SETTINGS = {
    ".gitconfig": "[core]\n autocrlf = true\n",
    ".config/git/config": "[core]\n autocrlf = input\n filemode = false\n",
    ".config/git/attributes": "*.txt text eol=crlf\n",
    ".config/git/ignore": "*.swp\n",
}
OTHER = {
    "an include": ("[include]\n path = more\n", "[core]\n autocrlf = true\n"),
    "an include that holds here": (
        '[includeIf "gitdir:**/app/"]\n path = more\n',
        "[core]\n filemode = false\n",
    ),
    "an include for others": (
        '[includeIf "gitdir:/elsewhere/"]\n path = ~/more\n',
        "[core]\n filemode = false\n",
    ),
    "an include for a branch": (
        '[includeIf "onbranch:ma*"]\n path = ~/more\n',
        "[core]\n autocrlf = true\n",
    ),
    "named attributes": ("[core]\n attributesFile = ~/more\n", "*.txt text eol=crlf\n"),
    "named ignores": ("[core]\n excludesFile = ~/more\n", "*.swp\n!keep.swp\n"),
    "no untracked files": ("[status]\n showUntrackedFiles = no\n", ""),
    "all untracked files": ("[status]\n showUntrackedFiles = all\n", ""),
}


def fill(repo) -> None:
    """Files that are clean under some settings and dirty under others."""
    for number in range(5):
        repo.write(f"{number}.txt", "one\r\ntwo\r\n" if number % 2 else "one\ntwo\n")
    repo.write("run.sh", "true\n")
    repo.commit()
    for number in range(5):
        repo.write(f"{number}.txt", "one\ntwo\n" if number % 2 else "one\r\ntwo\r\n")
    (repo.path / "run.sh").chmod(0o755)
    repo.write("a.swp", "x")
    repo.write("keep.swp", "x")
    repo.write("new/a/b.txt", "x")
    repo.write("new/a/c.txt", "x")


def make_without_settings(make_repo):
    repo = make_repo()
    repo.git("config", "--unset", "core.filemode")
    fill(repo)
    return repo


@pytest.mark.parametrize("file", SETTINGS)
async def test_the_owners_settings_count(make_repo, look_at, owner, file):
    repo = make_without_settings(make_repo)
    (owner / file).parent.mkdir(parents=True, exist_ok=True)
    (owner / file).write_text(SETTINGS[file])
    await agrees(repo.path, look_at)


@pytest.mark.parametrize("kind", OTHER)
async def test_what_the_owners_settings_name_counts(make_repo, look_at, owner, kind):
    repo = make_without_settings(make_repo)
    settings, more = OTHER[kind]
    (owner / ".gitconfig").write_text(settings)
    (owner / "more").write_text(more)
    await agrees(repo.path, look_at)


async def test_settings_of_the_environment_count(make_repo, look_at, owner, monkeypatch):
    repo = make_without_settings(make_repo)
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "core.autocrlf")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "true")
    await agrees(repo.path, look_at)
    (owner / "else").write_text("[core]\n filemode = false\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(owner / "else"))
    await agrees(repo.path, look_at)


async def test_an_include_from_the_workspace_is_not_followed(make_repo, look_at, owner):
    repo = make_without_settings(make_repo)
    before = (await look_at(repo.path))["git"]["dirty"]["unstaged"]
    repo.write("theirs", "[core]\n filemode = false\n")
    (owner / ".gitconfig").write_text(f"[include]\n path = {repo.path}/theirs\n")
    assert (await look_at(repo.path))["git"]["dirty"]["unstaged"] == before


@pytest.mark.parametrize("kind", ["link", "relative link", "second symref", "packed"])
async def test_a_head_that_leads_further(repo, look_at, owner, kind):
    refs = repo.path / ".git/refs/heads"
    if kind == "packed":
        repo.git("pack-refs", "--all")
    head = repo.path / ".git/HEAD"
    head.unlink()
    if kind in ("link", "packed"):
        head.symlink_to("refs/heads/main")
    else:
        head.write_text("ref: refs/heads/other\n")
    if kind == "relative link":
        (refs / "other").symlink_to("main")
    elif kind == "second symref":
        (refs / "other").write_text("ref: refs/heads/main\n")
    git = await agrees(repo.path, look_at)
    assert git["head"] == repo.git("rev-parse", "HEAD")
    assert git["dirty"]["staged"] == 0


@pytest.mark.parametrize("command", ["cherry-pick", "revert", "am"])
async def test_a_sequence_under_way_is_named(repo, look_at, owner, command):
    first = repo.git("rev-parse", "HEAD")
    patch = repo.git("format-patch", "-1", "--stdout", first) + "\n"
    repo.write("b.py", "b = 9\n")
    repo.commit()
    if command == "am":
        (repo.path.parent / "p").write_text(patch)
        repo.git("am", "../p", check=False)
    else:
        repo.git(command, first, check=False)
    git = (await look_at(repo.path))["git"]
    assert git["state"] == command


async def test_an_upstream_that_is_gone_is_named(repo, look_at, owner, tmp_path):
    repo.git("clone", "-q", ".", str(tmp_path / "copy"))
    repo.path = tmp_path / "copy"
    repo.git("update-ref", "-d", "refs/remotes/origin/main")
    repo.git("pack-refs", "--all")
    git = (await look_at(repo.path))["git"]
    assert (git["upstream"], git["upstream_gone"]) == ("origin/main", True)
    assert (git["ahead"], git["behind"]) == (None, None)


async def test_another_commit_in_a_submodule_is_a_change(repo, make_repo, look_at, owner):
    inner = make_repo("inner")
    inner.write("x.c", "1\n")
    inner.commit()
    repo.git("submodule", "add", "-q", str(inner.path), "sub")
    repo.commit()
    inner.path = repo.path / "sub"
    assert (await agrees(repo.path, look_at))["dirty"]["files"] == 0
    inner.write("x.c", "2\n")
    inner.commit()
    assert (await agrees(repo.path, look_at))["dirty"]["unstaged"] == 1


def commit_pointer(repo, content: bytes) -> None:
    """A file in Git LFS as a checkout leaves it: the pointer committed, the content here."""
    oid = hashlib.sha256(content).hexdigest()
    repo.write(
        "big.bin",
        f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {len(content)}\n",
    )
    repo.write(".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n")
    repo.commit()


async def test_content_that_an_lfs_pointer_names_is_clean(make_repo, look_at):
    repo = make_repo()
    commit_pointer(repo, b"content")
    repo.write("big.bin", b"content")
    dirty = (await look_at(repo.path))["git"]["dirty"]
    assert (dirty["files"], dirty["unstaged"], dirty["unknown"]) == (0, 0, 0)


@pytest.mark.parametrize("other", [b"CONTENT", b"content and more", b""])
async def test_other_content_than_an_lfs_pointer_names_is_changed(make_repo, look_at, other):
    repo = make_repo()
    commit_pointer(repo, b"content")
    repo.write("big.bin", other)
    dirty = (await look_at(repo.path))["git"]["dirty"]
    assert (dirty["files"], dirty["unstaged"], dirty["unknown"]) == (1, 1, 0)


async def test_an_lfs_file_below_the_top_is_clean(make_repo, look_at):
    repo = make_repo()
    repo.path /= "part"
    repo.write("a.py", "a = 1\n")
    commit_pointer(repo, b"content")
    repo.write("big.bin", b"content")
    assert (await look_at(repo.path))["git"]["dirty"]["files"] == 0


@pytest.mark.parametrize("where", ["repository", "owner"])
async def test_a_file_behind_another_filter_is_unknown(make_repo, look_at, owner, where):
    repo = make_repo()
    ran = owner / "ran"
    settings = f'[filter "secret"]\n clean = "touch {ran}; cat"\n'
    repo.write("a.key", "1\n")
    repo.write("b.txt", "1\n")
    repo.write(".gitattributes", "*.key filter=secret\n*.txt filter=nobody\n")
    repo.commit()
    file = repo.path / ".git/config" if where == "repository" else owner / ".gitconfig"
    with file.open("a") as opened:
        opened.write(settings)
    repo.write("a.key", "22\n")
    repo.write("b.txt", "22\n")
    dirty = (await look_at(repo.path))["git"]["dirty"]
    assert (dirty["files"], dirty["unstaged"], dirty["unknown"]) == (1, 1, 1)
    assert not ran.exists()


@pytest.mark.parametrize("place", ["elsewhere", "here"])
async def test_a_work_tree_elsewhere_is_named_and_not_read(repo, look_at, tmp_path, place):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    named = elsewhere if place == "elsewhere" else repo.path
    repo.git("config", "core.worktree", str(named))
    git = (await look_at(repo.path))["git"]
    assert git["work_tree"] == (str(elsewhere) if place == "elsewhere" else None)
    assert (git["branch"], git["bare"], git["dirty"]["files"]) == ("main", False, 0)


async def test_more_references_than_are_read_are_said_to_be_cut(repo, look_at, owner):
    assert (await look_at(repo.path))["git"]["branches_complete"]
    repo.git("pack-refs", "--all")
    head = repo.git("rev-parse", "HEAD")
    many = "".join(f"{head} refs/heads/a{number:0200}\n" for number in range(26_000))
    file = repo.path / ".git/packed-refs"
    first, _, rest = file.read_text().partition("\n")
    file.write_text(f"{first}\n{many}{rest}")
    git = await agrees(repo.path, look_at)
    assert (git["head"], git["branches_complete"]) == (head, False)
