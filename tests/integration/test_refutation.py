"""The second pass against judges that are real servers: good ones, bad ones and dying ones."""

import json
import random

import anyio
import pytest

from daydreamd.records.claims import Claim, Passage, Says, WhyUntold
from daydreamd.records.model_choice import ModelChoice
from daydreamd.reflection.refuting.pace import Pace
from daydreamd.reflection.refuting.refutation import refute
from tests.integration.world import serving

CODE = """\
def due(invoices, today):
    total = 0
    for invoice in invoices:
        if invoice.due < today:
            total += invoice.amount
    move(total, today)
    return total


async def send(mails, limit):
    for number in range(limit):
        await deliver(mails, number)
    if mails and limit:
        return limit
"""
PASSAGE = Passage(kind="function", path="invoices.py", text=CODE)
FORMATS = ["ollama", "openai"]
NEVER_SECONDS = 60.0


def claims(count, *, kind="claim"):
    return [
        Claim(
            key=f"{kind} {number}",
            workspace="shop",
            title=f"Invoice {number} of {kind}s is counted twice",
            body="The loop adds its amount once more.",
            path="invoices.py",
            line=5,
            end_line=5,
            passages=(PASSAGE, Passage(kind="test", path="test_invoices.py", text="due([], 1)")),
        )
        for number in range(count)
    ]


async def refuted(url, about, *, provider="ollama", seconds=NEVER_SECONDS, pace=None):
    name = "tiny:latest" if provider == "ollama" else "tiny"
    return await refute(
        about,
        code=[PASSAGE],
        choice=ModelChoice(provider=provider, name=name, base_url=url),
        pace=pace or Pace(),
        deadline=anyio.current_time() + seconds,
        rng=random.Random(1),
    )


def judge(tmp_path, deed, *options, truths=None):
    """Such a server, which knows the truth of these titles."""
    if truths is not None:
        file = tmp_path / "truths.json"
        file.write_text(json.dumps(truths))
        options = (*options, "--truths", file)
    return serving("scripted_judge.py", deed, *options)


@pytest.mark.parametrize("provider", FORMATS)
async def test_a_judge_without_fault_bears_out_what_is_true_and_refutes_what_is_not(
    tmp_path, provider
):
    about = claims(4)
    truths = {claim.title: number % 2 == 0 for number, claim in enumerate(about)}
    with judge(tmp_path, "truthfully", truths=truths) as url:
        found = await refuted(url, about, provider=provider)
    assert [verdict.says for verdict in found.verdicts] == ["holds", "refuted"] * 2
    assert found.judge.has_vote
    assert found.judge.right == found.judge.asked > 6
    assert found.verdicts[0].looks == found.verdicts[0].holds >= 3
    assert found.verdicts[1].reason().startswith("refuted by ")
    decided_by = found.verdicts[1].decided_by
    assert (decided_by.path, decided_by.line) == ("invoices.py", 5)
    assert decided_by.text == CODE.splitlines()[4]
    known, looks = found.passes
    assert (known.name, looks.name) == ("known", "refute")
    assert looks.questions == sum(verdict.looks for verdict in found.verdicts)
    assert looks.prompt_tokens > looks.answer_tokens > 0


async def test_a_judge_that_is_right_four_times_in_five_lets_hardly_anything_false_through(
    tmp_path,
):
    """Of 60 false claims at most one stays (2 in 100), of 60 true ones at least 54 (9 in 10)."""
    false, true = claims(60, kind="falsehood"), claims(60, kind="truth")
    truths = {one.title: False for one in false} | {one.title: True for one in true}
    with judge(tmp_path, "right", "--right", 0.8, truths=truths) as url:
        found = await refuted(url, [*false, *true])
    assert found.judge.has_vote
    holds = {verdict.key for verdict in found.verdicts if verdict.says is Says.HOLDS}
    assert sum(one.key in holds for one in false) <= 1
    assert sum(one.key in holds for one in true) >= 54


@pytest.mark.parametrize("provider", FORMATS)
@pytest.mark.parametrize(
    "deed",
    [
        "lies", "refutes_all", "holds_all", "guesses", "cannot_tell", "ignores_the_form",
        "names_no_shown_line",
    ],
)  # fmt: skip
async def test_a_judge_that_cannot_tell_the_known_claims_apart_has_no_vote(
    tmp_path, deed, provider
):
    with judge(tmp_path, deed, "--seed", 4) as url:
        found = await refuted(url, claims(3), provider=provider)
    assert not found.judge.has_vote
    assert "has no vote" in found.judge.said
    assert {verdict.says for verdict in found.verdicts} == {Says.CANNOT_TELL}
    assert {verdict.why_untold for verdict in found.verdicts} == {WhyUntold.NO_VOTE}


@pytest.mark.parametrize("provider", FORMATS)
@pytest.mark.parametrize("deed", ["dies", "breaks_off"])
async def test_a_judge_that_fails_in_the_middle_leaves_what_it_has_not_settled_untold(
    tmp_path, deed, provider
):
    about = claims(5)
    truths = {claim.title: True for claim in about}
    # As many looks as it takes to be given a vote, and to settle the first claim.
    with judge(tmp_path, deed, "--looks", 12, truths=truths) as url:
        found = await refuted(url, about, provider=provider)
    assert found.judge.has_vote
    first, *_, last = found.verdicts
    assert first.says is Says.HOLDS
    assert last.says is Says.CANNOT_TELL
    assert last.why_untold is WhyUntold.NO_ANSWER


@pytest.mark.parametrize("deed", ["dies", "breaks_off"])
async def test_a_judge_that_never_answers_is_said_to_be_gone(tmp_path, deed):
    with judge(tmp_path, deed) as url:
        found = await refuted(url, claims(2))
    assert not found.judge.has_vote
    assert "did not answer in the second pass" in found.judge.said
    assert found.verdicts[0].why_untold is WhyUntold.NO_ANSWER


@pytest.mark.parametrize(("deed", "looks"), [("hangs", 0), ("hangs", 9), ("is_slow", 0)])
async def test_the_pass_ends_at_its_deadline_whatever_the_judge_does(tmp_path, deed, looks):
    about = claims(3)
    truths = {claim.title: True for claim in about}
    with judge(tmp_path, deed, "--looks", looks, truths=truths) as url:
        with anyio.fail_after(NEVER_SECONDS):
            found = await refuted(url, about, seconds=3)
    assert len(found.verdicts) == 3
    assert found.verdicts[-1].says is Says.CANNOT_TELL


async def test_a_machine_that_is_too_slow_is_not_given_a_second_pass(tmp_path):
    with judge(tmp_path, "truthfully") as url:
        found = await refuted(url, claims(3), pace=Pace(reading=10.0, answering=2.0), seconds=100)
    assert "too small for a second pass" in found.judge.said
    assert found.passes == ()
    assert {verdict.why_untold for verdict in found.verdicts} == {WhyUntold.TOO_SLOW}


async def test_where_there_is_no_claim_nobody_is_asked():
    found = await refuted("http://127.0.0.1:9", [])
    assert found.verdicts == found.passes == ()


async def test_the_order_of_what_is_shown_differs_from_look_to_look(tmp_path):
    log = tmp_path / "log"
    about = claims(1)
    with judge(tmp_path, "truthfully", "--log", log, truths={about[0].title: True}) as url:
        await refuted(url, about)
    asked = [
        json.loads(line)["body"]["messages"][0]["content"] for line in log.read_text().splitlines()
    ]
    looks = [text for text in asked if about[0].title in text]
    first = {text.index("invoices.py: the code") < text.index("a test") for text in looks}
    words = {text[text.index("## Your verdict") :].split('"')[1] for text in looks}
    assert first == {True, False}
    assert len(words) > 1
