"""What the rules find on changed lines of real repositories, and what they leave alone."""

import json

import msgspec
import pytest

from daydreamd.context.candidates.analyzers import ask_analyzers
from daydreamd.context.candidates.changed_code import ChangedCode
from daydreamd.context.candidates.changed_files import find_base, read_changes
from daydreamd.context.candidates.finding import RULES, ask_rules
from daydreamd.context.discovery import find_repository
from daydreamd.context.foreign import open_foreign
from daydreamd.host.children.programs import find_beside_us

LONG_AGO = 40 * 86_400
OWN_RULES = tuple(rule for rule in RULES if rule is not ask_analyzers)

BILLING = """\
def charge_card(card, amount):
    return card.take(amount)


def refund_card(card, amount):
    return card.give(amount)
"""
USES = """\
from shop.billing import charge_card, refund_card


def pay(card):
    return charge_card(card, 3)
"""
LOOP = """\
def fetch_{name}(client, address):
    attempts_left = 3
    while attempts_left > 0:
        response = client.request(address, timeout=30)
        if response.status_code == 200:
            return response.payload
        attempts_left = attempts_left - 1
    raise ConnectionError(address)
"""


@pytest.fixture
def changes(make_repo, tmp_path):
    """Commit files long ago, change them now; a function that gives what our own rules find."""

    async def commit_and_look(before, after, *, rules=OWN_RULES):
        repo = make_repo()
        change(repo, before)
        repo.git("add", "-A")
        repo.git("commit", "-q", "-m", "one", at=repo.now - LONG_AGO)
        change(repo, after)
        repo.git("add", "-A")
        repo.git("commit", "-q", "-m", "two", at=repo.now - 3_600)
        repository = find_repository(repo.path)
        place = tmp_path / "foreign"
        place.mkdir()
        git = await open_foreign(repository, place, deadline=30)
        base = await find_base(git, since=repo.now - 7 * 86_400)
        files = await read_changes(git, repo.path, base, excluded=lambda _: False)
        code = ChangedCode(repo.path, git, files, scratch=tmp_path)
        return msgspec.to_builtins(await ask_rules(code, rules, on_failure=fails))

    return commit_and_look


def fails(rule, why):
    pytest.fail(f"{rule} failed: {why}")


def change(repo, files):
    for name, text in files.items():
        if text is None:
            (repo.path / name).unlink()
        else:
            repo.write(name, text)


async def test_a_renamed_function_that_is_still_imported_is_found(changes):
    renamed = BILLING.replace("def charge_card", "def charge")
    found = await changes(
        {"shop/billing.py": BILLING, "shop/pay.py": USES}, {"shop/billing.py": renamed}
    )
    (one,) = found
    assert (one["source"], one["path"], one["line"]) == (
        "deleted name still used",
        "shop/pay.py",
        1,
    )
    assert "`charge`" in one["body"], "the new name is said"


async def test_a_candidate_tells_its_key_source_place_title_and_body(changes):
    renamed = BILLING.replace("def charge_card", "def charge")
    before = {"shop/billing.py": BILLING, "shop/pay.py": USES}
    (one,) = await changes(before, {"shop/billing.py": renamed})
    wanted = {"key", "source", "path", "line", "end_line", "title", "body"}
    assert wanted <= one.keys()
    assert json.dumps(one)


async def test_a_name_that_moved_or_is_imported_from_elsewhere_is_not_gone(changes):
    moved = {"shop/billing.py": "from shop.cards import charge_card, refund_card\n"}
    before = {"shop/billing.py": BILLING, "shop/pay.py": USES}
    assert (await changes(before, moved | {"shop/cards.py": BILLING})) == []


async def test_a_name_that_moved_to_a_file_that_is_never_read_is_not_gone(changes):
    moved = {"shop/billing.py": "x = 1\n", "shop/credentials.py": BILLING}
    before = {"shop/billing.py": BILLING, "shop/pay.py": USES}
    assert (await changes(before, moved)) == []


async def test_a_text_that_names_what_is_gone_is_found_and_a_changelog_is_not(changes):
    before = {
        "shop/billing.py": BILLING,
        "README.md": "Call `charge_card()` to charge.\n",
        "CHANGELOG.md": "Added `charge_card()`.\n",
    }
    after = {"shop/billing.py": BILLING.replace("charge_card", "charge")}
    found = await changes(before, after)
    assert [(one["path"], one["category"]) for one in found] == [("README.md", "documentation")]


async def test_a_call_that_no_longer_fits_its_function_is_found(changes):
    more = BILLING.replace("charge_card(card, amount)", "charge_card(card, amount, currency)")
    (one,) = await changes(
        {"shop/billing.py": BILLING, "shop/pay.py": USES}, {"shop/billing.py": more}
    )
    assert (one["source"], one["path"], one["line"]) == (
        "caller of a changed signature", "shop/pay.py", 5,
    )  # fmt: skip


@pytest.mark.parametrize("new", ["currency=None", "*, currency=None", "*more", "**more"])
async def test_a_call_that_still_fits_is_left_alone(changes, new):
    more = BILLING.replace("charge_card(card, amount)", f"charge_card(card, amount, {new})")
    before = {"shop/billing.py": BILLING, "shop/pay.py": USES}
    assert (await changes(before, {"shop/billing.py": more})) == []


async def test_a_method_of_something_else_that_has_the_same_name_is_left_alone(changes):
    before = {
        "shop/wire.py": "class Wire:\n    def send_data(self, data, timeout=None):\n        pass\n",
        "shop/h2.py": "def send(stream, data):\n    stream.send_data(data)\n",
    }
    after = {"shop/wire.py": before["shop/wire.py"].replace("timeout=None", "timeout")}
    assert (await changes(before, after)) == []


async def test_the_twin_of_a_mended_copy_is_found(changes):
    before = {"a.py": LOOP.format(name="one"), "b.py": LOOP.format(name="two")}
    after = {"a.py": before["a.py"].replace("== 200:", "in (200, 204):")}
    (one,) = await changes(before, after)
    assert (one["source"], one["path"], one["line"]) == ("unchanged twin", "b.py", 5)
    assert "a.py:5" in one["body"]


async def test_a_copy_that_was_mended_too_is_no_twin(changes):
    before = {"a.py": LOOP.format(name="one"), "b.py": LOOP.format(name="two")}
    after = {name: text.replace("== 200:", "in (200, 204):") for name, text in before.items()}
    assert (await changes(before, after)) == []


async def test_a_copy_that_is_new_is_no_twin(changes):
    before = {"a.py": LOOP.format(name="one")}
    after = {
        "a.py": before["a.py"].replace("== 200:", "in (200, 204):"),
        "b.py": LOOP.format(name="two"),
    }
    assert (await changes(before, after)) == []


SWALLOWS = {
    "a.py": "\n\ndef f(x):\n    try:\n        save(x)\n    except Exception:\n        pass\n",
    "a.js": "\nfunction f(x) {\n  try { save(x) } catch (e) {}\n}\n",
    "A.java": "\nclass A { void f() { try { save(); } catch (Exception e) { } } }\n",
    "a.rb": "\ndef f(x)\n  save(x)\nrescue => e\nend\n",
}


@pytest.mark.parametrize("name", sorted(SWALLOWS))
async def test_an_error_that_is_newly_swallowed_is_found(changes, name):
    found = await changes({name: "# one\n"}, {name: "# one\n" + SWALLOWS[name]})
    assert [one["source"] for one in found] == ["swallowed error"]


@pytest.mark.parametrize(
    "handler",
    [
        "except KeyError:\n        pass",
        "except Exception:\n        pass  # the cache is only a cache",
        "except Exception:\n        log.exception('x')",
        "except Exception:\n        raise",
    ],
)
async def test_an_error_that_is_meant_explained_or_told_is_not(changes, handler):
    new = SWALLOWS["a.py"].replace("except Exception:\n        pass", handler)
    assert (await changes({"a.py": "import log\n"}, {"a.py": "import log\n" + new})) == []


async def test_an_old_swallowed_error_is_not_told_again(changes):
    before = {"a.py": "import x\n" + SWALLOWS["a.py"]}
    assert (await changes(before, {"a.py": before["a.py"] + "\n\ny = 1\n"})) == []


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("# TODO(alice): take the tax in", True),
        ("# TODO: remove before release", True),
        ("# DO NOT MERGE", True),
        ("# TODO take the tax in", False),
        ("# TODO(#123): take the tax in", False),
        ("todo = 'TODO(alice)'", False),
    ],
)
async def test_a_note_that_waits_for_somebody_is_told(changes, line, told):
    found = await changes({"a.py": "x = 1\n"}, {"a.py": f"x = 1\n{line}\n"})
    assert [one["source"] for one in found] == ["named todo"] * told


TESTS = """\
from shop.billing import charge_card, refund_card


def test_charging_takes_the_amount():
    card = a_card(100)
    charge_card(card, 30)
    assert card.balance == 70


def test_refunding_gives_it_back():
    card = a_card(10)
    refund_card(card, 5)
    assert card.balance == 15
"""


SKIPPED = "@pytest.mark" + ".skip(reason='slow')\n"


async def test_a_test_that_is_skipped_now_is_told(changes):
    after = TESTS.replace("def test_ref", SKIPPED + "def test_ref")
    (one,) = await changes({"tests/test_a.py": TESTS}, {"tests/test_a.py": after})
    assert (one["source"], one["line"]) == ("skipped test", 10)


async def test_a_new_test_that_waits_for_a_platform_is_not(changes):
    after = TESTS.replace("def test_ref", SKIPPED.replace("skip(", "skipif(x, ") + "def test_ref")
    assert (await changes({"tests/test_a.py": TESTS}, {"tests/test_a.py": after})) == []


async def test_a_mark_that_keeps_all_other_tests_away_is_told(changes):
    before = "it('charges', () => {\n  expect(1)\n})\n"
    after = before.replace("it(", "it.only(")
    (one,) = await changes({"a.test.js": before}, {"a.test.js": after})
    assert "Only this test" in one["title"]


async def test_the_last_test_of_something_that_is_still_there_is_told(changes):
    before = {"shop/billing.py": BILLING, "tests/test_a.py": TESTS}
    after = {
        "tests/test_a.py": TESTS.split("\n\n\ndef test_refunding", maxsplit=1)[0].replace(
            ", refund_card", ""
        )
        + "\n"
    }
    (one,) = await changes(before, after)
    assert (one["source"], one["path"], one["line"]) == ("deleted test", "shop/billing.py", 5)


async def test_a_test_that_was_renamed_or_whose_subject_went_too_is_not_missed(changes):
    before = {"shop/billing.py": BILLING, "tests/test_a.py": TESTS}
    renamed = {"tests/test_a.py": TESTS.replace("test_refunding", "test_giving_back")}
    assert (await changes(before, renamed)) == []


LOCKS = {
    "package.json": (
        '{"dependencies": {"left": "^1.0.0"}}', '{"dependencies": {"left": "^2.0.0"}}',
        "package-lock.json", '{"packages": {"": {"dependencies": {"left": "^1.0.0"}}}}',
    ),
    "Cargo.toml": (
        '[dependencies]\nserde = "1"\n', '[dependencies]\nserde = "1"\nrand = "0.8"\n',
        "Cargo.lock", '[[package]]\nname = "serde"\nversion = "1.0.0"\n',
    ),
    "pyproject.toml": (
        '[project]\ndependencies = ["click"]\n',
        '[project]\ndependencies = [\n"click",\n"anyio>=4",\n]\n',
        "uv.lock", '[[package]]\nname = "click"\nversion = "8"\n',
    ),
    "go.mod": (
        "module a\n\nrequire example.com/x v1.0.0\n",
        "module a\n\nrequire example.com/x v1.1.0\n",
        "go.sum", "example.com/x v1.0.0 h1:aaa=\nexample.com/x v1.0.0/go.mod h1:bbb=\n",
    ),
    "composer.json": (
        '{"require": {"a/b": "^1"}}', '{"require": {\n"a/b": "^1",\n"c/d": "^2"\n}}',
        "composer.lock", '{"packages": [{"name": "a/b"}]}',
    ),
    "Gemfile": (
        'gem "rake"\n', 'gem "rake"\ngem "nokogiri"\n', "Gemfile.lock",
        "GEM\n  specs:\n    rake (13)\n",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(LOCKS))
async def test_a_lock_file_behind_its_manifest_is_told(changes, name):
    before, after, lock, locked = LOCKS[name]
    found = await changes({name: before, lock: locked}, {name: after})
    assert [(one["source"], one["path"]) for one in found] == [
        ("lock file behind its manifest", name)
    ]


async def test_a_lock_file_that_was_made_anew_is_not(changes):
    before, after, lock, locked = LOCKS["Cargo.toml"]
    anew = locked + '[[package]]\nname = "rand"\nversion = "0.8.0"\n'
    assert (
        await changes({"Cargo.toml": before, lock: locked}, {"Cargo.toml": after, lock: anew})
    ) == []


async def test_a_file_that_grew_far_over_its_like_is_told(make_repo, look_at):
    branch = "def f{0}(x):\n    if x:\n        return {0}\n    return x\n\n\n"
    repo = make_repo()
    change(repo, {f"m{number}.py": branch.format(number) * 3 for number in range(25)})
    repo.git("add", "-A")
    repo.git("commit", "-q", "-m", "one", at=repo.now - LONG_AGO)
    change(repo, {"m0.py": "".join(branch.format(number) for number in range(200))})
    found = [one for one in (await look_at(repo.path))["candidates"] if one["line"] == 1]
    assert [(one["source"], one["path"]) for one in found] == [("outgrown file", "m0.py")]


async def test_what_is_not_committed_yet_and_what_is_untracked_count_as_changed(make_repo, look_at):
    repo = make_repo()
    change(repo, {"a.py": "# one\n"})
    repo.git("add", "-A")
    repo.git("commit", "-q", "-m", "one", at=repo.now - LONG_AGO)
    change(repo, {"a.py": "# one\n" + SWALLOWS["a.py"], "b.py": SWALLOWS["a.py"]})
    found = (await look_at(repo.path))["candidates"]
    assert {one["path"] for one in found if one["source"] == "swallowed error"} == {"a.py", "b.py"}


async def test_unchanged_lines_are_never_told(changes):
    before = {"a.py": SWALLOWS["a.py"] + "\n# TODO(alice): x\n\n\ndef f(x=[]):\n    return y\n"}
    assert await changes(before, {"b.py": "z = 1\n"}, rules=RULES) == []


async def test_files_that_hold_secrets_are_not_quoted(changes):
    key = 'KEY = "ghp_' + "a1B2" * 9 + '"\n'
    assert await changes({"a.py": "# one\n"}, {"a.py": key + SWALLOWS["a.py"]}) == []


WORKFLOW = """\
on: pull_request_target
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - run: echo ${{ github.event.pull_request.title }}
"""
TEDIOUS = {
    "a.py": "\n" * 200_000 + "from shop.billing import charge_card\n" + "(" * 150_000,
    "b.js": "import { charge_card } from './billing'\n" + "{\n" * 150_000,
    "c.c": "a " * 190_000 + "\n",
    "d.py": "x = " + "[" * 90_000 + "]" * 90_000 + "\n",
    "go.mod": "module a\n" + "\n" * 300_000,
    "go.sum": "\n" * 1_000_000,
    "package.json": '{"dependencies": ' + "[" * 100_000,
    "package-lock.json": "{}",
}


async def test_files_that_are_tedious_to_read_hold_nobody_up(changes):
    before = {"shop/billing.py": BILLING, "shop/billing.js": "export function charge_card() {}\n"}
    after = {"shop/billing.py": "x = 1\n", "shop/billing.js": "x\n", **TEDIOUS}
    found = await changes(before, after)
    assert {one["path"] for one in found} <= TEDIOUS.keys()


FAULTS = {
    "ruff": ("a.py", "def f(x):\n    return undefined_thing(x)\n"),
    "ast-grep": ("a.js", "function f(x) {\n  x.forEach(async (y) => { await g(y) })\n}\n"),
    "shellcheck": ("a.sh", '#!/bin/sh\nrm -rf "$x/"\n'),
    "zizmor": (
        ".github/workflows/a.yml",
        WORKFLOW,
    ),
    "typos": ("a.py", "def recieve_order(x):\n    return x\n"),
}
CONFIGURED = {
    "ruff.toml": "exclude = ['*']\n[lint]\nselect = []\n",
    "sgconfig.yml": "ruleDirs: []\ncustomLanguages:\n  js:\n    libraryPath: evil.so\n",
    ".shellcheckrc": "disable=all\n",
    "zizmor.yml": "rules: {template-injection: {disable: true}}\n",
    "typos.toml": "[files]\nextend-exclude = ['*']\n",
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(FAULTS))
async def test_an_analyzer_is_asked_and_the_workspaces_settings_are_not(changes, name):
    assert find_beside_us(name), "the development environment has all analyzers"
    path, text = FAULTS[name]
    found = await changes({"README.md": "x\n", **CONFIGURED}, {path: text}, rules=[ask_analyzers])
    assert [one["path"] for one in found if one["source"].startswith(name)] == [path]
    (again,) = [one for one in found if one["source"].startswith(name)]
    assert again["line"] > 0
