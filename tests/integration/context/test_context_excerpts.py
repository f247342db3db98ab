"""What is shown to a model: the right lines of the right files, and never a secret."""

import time

import pytest

from daydreamd.records.reflected import Before

DAY = 86_400


def lines_of(repo, excerpt):
    """The lines of the file that the excerpt says it is."""
    lines = (repo.path / excerpt.path).read_text().split("\n")
    return lines[excerpt.first_line - 1 :][: excerpt.text.count("\n") + 1]


@pytest.fixture
def long_file():
    """400 lines, each telling its number."""
    return [f"line_{number} = {number}" for number in range(1, 401)]


async def test_what_is_new_comes_newest_first_with_the_commit_that_wrote_it(
    make_repo, gather, long_file
):
    repo = make_repo()
    repo.write("long.py", "\n".join(long_file) + "\n")
    repo.commit(days_ago=20)
    for line, days in ((99, 2), (199, 4), (249, 1)):
        long_file[line] = f"came_{days}_days_ago = 1"
        repo.write("long.py", "\n".join(long_file) + "\n")
        head = repo.commit(days_ago=days)
    long_file[299:301] = ["not_committed = 1"]
    repo.write("long.py", "\n".join(long_file) + "\n")
    excerpts = (await gather(repo.path)).excerpts
    assert [one.new_lines for one in excerpts] == [(300,), (250,), (100,), (200,)]
    assert [one.subject for one in excerpts] == ["", "work", "work", "work"]
    assert [gone.text for gone in excerpts[1].removed] == ["line_250 = 250"]
    for one in excerpts:
        assert one.text.split("\n") == lines_of(repo, one)
        assert one.text.count("\n") < 20
        assert one.commit == head
    assert [one.why for one in excerpts] == ["uncommitted changes", *["new: work"] * 3]


async def test_a_function_with_something_new_is_shown_whole(make_repo, gather):
    functions = [f"def f{n}():\n    a = {n}\n    b = a\n    return b\n\n\n" for n in range(50)]
    repo = make_repo()
    repo.write("many.py", "".join(functions))
    repo.commit(days_ago=20)
    functions[20] = functions[20].replace("b = a", "b = a + 1")
    repo.write("many.py", "".join(functions))
    repo.commit(days_ago=1)
    (excerpt,) = (await gather(repo.path)).excerpts
    assert excerpt.text == "def f20():\n    a = 20\n    b = a + 1\n    return b"
    assert excerpt.new_lines == (excerpt.first_line + 2,)


async def test_code_comes_before_tests_and_tests_before_text(make_repo, gather):
    repo = make_repo()
    repo.commit(days_ago=20)
    for name, days in (("app.py", 3), ("test_app.py", 2), ("notes.md", 1)):
        repo.write(name, "first = 1\nsecond = 2\nthird = 3\n")
        repo.commit(days_ago=days)
    found = (await gather(repo.path)).excerpts
    assert [one.path for one in found] == ["app.py", "test_app.py", "notes.md"]


async def test_where_nothing_came_this_week_the_last_week_of_work_counts(make_repo, gather):
    repo = make_repo()
    repo.write("app.py", "first = 1\nsecond = 2\nthird = 3\n")
    repo.commit(days_ago=300)
    repo.write("app.py", "first = 1\nsecond = 4\nthird = 3\n")
    repo.commit(days_ago=100)
    (excerpt,) = (await gather(repo.path)).excerpts
    assert excerpt.new_lines == (2,)


async def test_what_came_since_the_last_reflection_is_new_however_long_ago(make_repo, gather):
    repo = make_repo()
    repo.write("app.py", "first = 1\nsecond = 2\nthird = 3\n")
    repo.commit(days_ago=40)
    for number, days in ((1, 20), (3, 1)):
        repo.write(f"new{number}.py", "first = 1\nsecond = 2\nthird = 3\n")
        repo.commit(days_ago=days)
    since = Before(reflected_at=time.time() - 30 * DAY)
    news = [one.path for one in (await gather(repo.path, before={"app": since})).excerpts
            if one.new_lines]  # fmt: skip
    assert news == ["new3.py", "new1.py"]


async def test_what_is_called_and_what_tests_it_follows_what_is_new(make_repo, gather):
    repo = make_repo()
    repo.write("prices.py", "def rounded(amount):\n    return round(amount, 2)\n")
    repo.write("tests/test_cart.py", "def test_total():\n    assert cart_total([1]) == 1\n")
    repo.write("cart.py", "def cart_total(items):\n    return sum(items)\n")
    repo.commit(days_ago=30)
    repo.write("cart.py", "def cart_total(items):\n    return rounded(sum(items))\n")
    repo.commit(days_ago=1)
    found = (await gather(repo.path)).excerpts
    assert [(one.path, one.why) for one in found] == [
        ("cart.py", "new: work"),
        ("prices.py", "called by what is new"),
        ("tests/test_cart.py", "a test of what is new"),
    ]


async def test_the_rest_comes_round_in_turn(make_repo, gather):
    repo = make_repo()
    for name in ("a", "b", "c"):
        repo.write(f"{name}.py", "if 1:\n    x = 1\n    y = 2\n")
    repo.commit(days_ago=30)
    repo.commit(days_ago=1)
    now = time.time()
    before = Before(paths={"a.py": now - 5, "c.py": now - 50})
    found = (await gather(repo.path, before={"app": before})).excerpts
    assert [one.path for one in found] == ["b.py", "c.py", "a.py"]
    assert {one.why for one in found} == {"its turn, nothing new"}


async def test_a_minified_or_huge_neighbour_costs_nothing_else(make_repo, gather):
    repo = make_repo()
    repo.commit(days_ago=20)
    repo.write("packed.js", "a(" * 600_000)
    repo.write("big.py", "x = 1\n" * 400_000)
    repo.write("fine.py", "first = 1\nsecond = 2\nthird = 3\n")
    repo.commit(days_ago=1)
    report = await gather(repo.path)
    assert report.failures == ()
    assert [one.path for one in report.excerpts] == ["fine.py"]


async def test_secrets_locks_products_and_exclusions_are_never_shown(make_repo, gather):
    repo = make_repo()
    code = "if 1:\n    pass\n"
    shown = ("fine.py", "windows.py")
    repo.write("fine.py", code)
    repo.write("windows.py", code.replace("\n", "\r\n"))
    for name in (
        ".env", "prod.env", "key.pem", "id_rsa", "credentials.py", "secrets.yaml", "yarn.lock",
        "app.min.js", "vendor/lib.py", "service_pb2.py", "excluded/by_owner.py", "my_passwords.py",
    ):  # fmt: skip
        repo.write(name, code)
    key = "AKIA" + "A" * 16
    repo.write("cloud.py", f"{code}KEY = '{key}'\n")
    repo.write("pem.py", f"{code}X = '''-----BEGIN RSA PRIVATE KEY-----'''\n")
    repo.write("generated.py", f"# Code generated by x. DO NOT EDIT.\n{code}")
    repo.write("packed.js", "if(1){" + "a()," * 500 + "0}\n")
    repo.write("binary.py", b"if 1:\n    pass\n\0")
    (repo.path / "out.py").symlink_to("/etc/hostname")
    report = await gather(repo.path, exclude=("excluded",))
    assert {one.path for one in report.excerpts} == set(shown)
    assert "\r" not in "".join(one.text for one in report.excerpts)


async def test_excerpts_of_an_unchanged_workspace_are_remembered(make_repo, gather):
    repo = make_repo()
    repo.write("a.py", "if 1:\n    pass\n")
    repo.commit()
    first, second = await gather(repo.path), await gather(repo.path)
    assert second.workspaces["app"]["cached"] is True
    assert first.excerpts == second.excerpts != ()
