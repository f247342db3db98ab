"""What is kept of an answer, what is counted, and what the code has outgrown."""

import json
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec
import pytest

from daydreamd.insights.judgement import Judgement, settle, sift
from daydreamd.insights.novelty import from_workspaces
from daydreamd.insights.verification import Reason
from daydreamd.records.insight import Evidence, KnownInsight
from daydreamd.records.workspace import Excerpt
from tests.unit.judging import judge

TEXT = "\n".join(f"price_{n} = parse_price(row[{n}], currency)" for n in range(1, 41)) + "\n"
EXCERPTS = (Excerpt(workspace="shop", path="cart/price.py", text=TEXT, commit="4be1f02"),)
TITLES = [
    "Prices are parsed once per column",
    "A missing currency raises far away",
    "Forty globals shadow the row",
    "The parser repeats its locale lookup",
]


def item(number, title="", **fields):
    return {
        "title": title or TITLES[number % len(TITLES)],
        "body": f"Column {number} calls `parse_price` again for the same row; cache it.",
        "category": "quality",
        "path": "cart/price.py",
        "line": number,
        "end_line": number,
        "quote": f"price_{number} = parse_price(row[{number}], currency)",
        **fields,
    }


def judged(*items, known=(), max_new=3, **more):
    answer = json.dumps({"insights": list(items)})
    return judge(answer, excerpts=EXCERPTS, known=known, max_new=max_new, session_id="s", **more)


def known(new, *, status="open", **fields):
    now = datetime.now(UTC)
    return KnownInsight(
        **{
            "id": new.id, "workspace": new.workspace, "workspace_path": "/src/shop",
            "title": new.title, "body": new.body, "category": new.category,
            "evidence": new.evidence, "grounded": True, "status": status, "first_seen": now,
            "last_seen": now, "times_seen": 1, "first_session": "a", "last_session": "a",
        } | fields
    )  # fmt: skip


def test_what_is_true_and_new_is_kept_with_its_evidence():
    verdict = judged(item(1))
    (new,) = verdict.new
    assert new.status == "new"
    assert new.grounded
    assert new.evidence == (
        Evidence(
            path="cart/price.py", line=1, end_line=1, commit="4be1f02", verified=True,
            quote="price_1 = parse_price(row[1], currency)",
        ),
    )  # fmt: skip


def test_every_proposal_is_kept_or_counted_with_its_reason():
    verdict = judged(
        item(1),
        item(2, line=400, end_line=400, quote="price_2 = parse_money(row)"),
        item(3, line=500, end_line=500, quote="price_3 = parse_money(row)"),
        item(4, quote="price_4 = parse_money(row)"),
        item(1),
        {},
    )
    assert verdict.proposed == 6
    assert len(verdict.new) + len(verdict.dropped) == verdict.proposed
    assert verdict.summary() == (
        "6 proposed, 1 kept: 2 cited lines that do not exist, 1 misquoted, 1 said before, 1 empty"
    )


def test_never_more_than_the_limit_is_new():
    verdict = judged(*(item(n) for n in (1, 10, 20, 31)), max_new=2)
    assert [new.title for new in verdict.new] == [TITLES[1], TITLES[2]]
    assert [drop.reason for drop in verdict.dropped] == [Reason.TOO_MANY, Reason.TOO_MANY]
    assert judged(item(1), max_new=0).new == ()


def test_what_is_over_the_limit_is_told_by_the_next_session():
    numbers = (1, 10, 20, 31)
    verdict = judged(*(item(n) for n in numbers), max_new=2)
    waiting = verdict.waiting
    assert [one.title for one in waiting] == [TITLES[0], TITLES[3]]
    sifted = sift("", excerpts=EXCERPTS, waiting=waiting)
    later = settle(sifted, max_new=1)
    assert ([one.title for one in later.new], len(later.waiting)) == ([TITLES[0]], 1)
    mended = TEXT.replace("parse_price(row[20]", "read_price(row[20]")
    again = sift("", excerpts=EXCERPTS, waiting=waiting, current=lambda *_: mended)
    assert [one.title for one in again.waiting] == [TITLES[3]]


def test_what_waits_is_not_told_twice():
    verdict = judged(item(1), item(20), max_new=1)
    answer = json.dumps({"insights": [item(20)]})
    later = settle(sift(answer, excerpts=EXCERPTS, waiting=verdict.waiting), max_new=3)
    assert len(later.new) == 1


class Said(NamedTuple):
    """What somebody says who looked at a claim again."""

    key: str
    says: str
    looks: int = 3
    holds: int = 0

    @property
    def falls(self):
        return self.says == "refuted"

    def reason(self):
        return "refuted by two of three looks"


def test_a_claim_falls_or_stands_by_what_is_said_of_it_between_the_doors():
    answer = json.dumps({"insights": [item(1), item(20), item(31)]})
    sifted = sift(answer, excerpts=EXCERPTS)
    first, second, third = (claim.key for claim in sifted.claims)
    verdicts = [Said(first, "refuted"), Said(second, "holds", holds=2), Said(third, "cannot tell")]
    verdict = settle(sifted, verdicts=verdicts, max_new=3)
    assert [new.title for new in verdict.new] == [TITLES[0], TITLES[3]]
    assert (verdict.new[0].survived.looks, verdict.new[0].survived.holds) == (3, 2)
    (refused,) = verdict.refused()
    assert (refused.reason, refused.decided_by) == (
        "refuted by a second look", "refuted by two of three looks",
    )  # fmt: skip
    assert (refused.title, refused.path, refused.line) == (TITLES[1], "cart/price.py", 1)


def test_what_is_said_again_is_recurring_and_not_new():
    (before,) = judged(item(1)).new
    verdict = judged(item(1, title="Prices get parsed once for each column"), known=[known(before)])
    assert verdict.new == ()
    assert [again.id for again in verdict.recurring] == [before.id]
    assert [standing.id for standing in verdict.still_open] == [before.id]


def test_the_same_lines_under_another_title_are_the_same_insight():
    (before,) = judged(item(1)).new
    body = "Entirely different words about a currency that was never validated by anyone."
    assert judged(item(1, title="Currency unchecked", body=body), known=[known(before)]).new == ()


def test_another_finding_in_the_same_file_is_new():
    (before,) = judged(item(1)).new
    body = "When currency is None the parser fails three calls later, in the report."
    assert len(judged(item(20, title=TITLES[2], body=body), known=[known(before)]).new) == 1


def test_the_same_words_about_another_workspace_are_new():
    (before,) = judged(item(1)).new
    assert len(judged(item(1), known=[known(before, workspace="api")]).new) == 1


def test_what_was_dismissed_never_comes_back():
    (before,) = judged(item(1)).new
    verdict = judged(item(1), known=[known(before), known(before, id="fff", status="dismissed")])
    assert [drop.reason for drop in verdict.dropped] == [Reason.DISMISSED]
    assert verdict.recurring == ()


def test_an_addressed_insight_that_is_said_again_recurs():
    (before,) = judged(item(1)).new
    verdict = judged(item(1), known=[known(before, status="addressed")])
    assert [again.id for again in verdict.recurring] == [before.id]


def test_an_insight_whose_lines_have_changed_is_addressed():
    (before,) = judged(item(1)).new
    now = {"cart/price.py": TEXT.replace("parse_price", "read_price")}
    verdict = judged(known=[known(before)], current=lambda _, path: now[path])
    assert [done.id for done in verdict.addressed] == [before.id]
    assert verdict.still_open == ()


def test_lines_that_only_moved_are_not_addressed():
    (before,) = judged(item(1)).new
    moved = "# licence\n\n" + TEXT.replace("price_1 ", "    price_1 ")
    verdict = judged(known=[known(before)], current=lambda *_: moved)
    assert verdict.addressed == ()


@pytest.mark.parametrize("status", ["dismissed", "addressed", "accepted"])
def test_only_open_insights_are_addressed(status):
    (before,) = judged(item(1)).new
    assert judged(known=[known(before, status=status)], current=lambda *_: "").addressed == ()


def test_without_a_look_at_the_file_only_a_whole_excerpt_tells():
    (before,) = judged(item(1)).new
    elsewhere = judge("", excerpts=(), known=[known(before)], max_new=3)
    assert elsewhere.addressed == ()
    part = Excerpt(workspace="shop", path="cart/price.py", text="other = 1\n", first_line=30)
    assert judge("", excerpts=(part,), known=[known(before)], max_new=3).addressed == ()
    whole = msgspec.structs.replace(part, first_line=1)
    assert len(judge("", excerpts=(whole,), known=[known(before)], max_new=3).addressed) == 1


def test_files_are_asked_without_following_links(tmp_path):
    (before,) = judged(item(1)).new
    elsewhere = tmp_path / "elsewhere.py"
    elsewhere.write_text("nothing of it")
    root = tmp_path / "shop"
    (root / "cart").mkdir(parents=True)
    file = root / "cart/price.py"
    current = from_workspaces({"shop": root})

    file.symlink_to(elsewhere)
    assert judged(known=[known(before)], current=current).addressed == ()
    file.unlink()
    file.write_text(TEXT)
    assert judged(known=[known(before)], current=current).addressed == ()
    file.unlink()
    assert len(judged(known=[known(before)], current=current).addressed) == 1
    gone = from_workspaces({"shop": tmp_path / "unmounted"})
    assert judged(known=[known(before)], current=gone).addressed == ()
    assert judged(known=[known(before)], current=from_workspaces({})).addressed == ()
    unreadable = from_workspaces({"shop": tmp_path / ("x" * 300)})  # an error, as of a dead mount
    assert judged(known=[known(before)], current=unreadable).addressed == ()


def test_lines_that_were_cut_for_the_prompt_are_found_again():
    quote = "first = compute_all(" + "x" * 200 + "\nsecond = 2"
    (new,) = judged(item(1)).new
    evidence = msgspec.structs.replace(new.evidence[0], quote=quote)
    long = quote.replace("x\n", "x, and_the_rest)\n")
    verdict = judged(known=[known(new, evidence=(evidence,))], current=lambda *_: long)
    assert verdict.addressed == ()


def test_ids_are_short_stable_and_unique():
    (first,) = judged(item(1)).new
    assert len(first.id) == 3
    assert judged(item(1)).new[0].id == first.id
    assert judged(item(1), taken=[first.id]).new[0].id not in ("", first.id)
    others = [known(first, id=f"{n:03x}", workspace="api") for n in range(0x1000)]
    (crowded,) = judged(item(1), known=others).new
    assert len(crowded.id) == 4


@pytest.mark.parametrize(
    "answer", ["", "Analysis timed out after 300 s.", "{}", '{"error":"refused"}']
)
def test_failure_text_is_never_an_insight(answer):
    verdict = judge(answer, excerpts=EXCERPTS, max_new=3)
    assert verdict == Judgement()
    assert verdict.summary() == "the answer proposed nothing"
