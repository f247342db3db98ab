"""Corrections that are typed again and again become a proposal, and nothing else does."""

from daydreamd.insights.corrections import propose_rules
from daydreamd.records.instructions import TypedPrompt


def typed(*texts, session=None):
    return [
        TypedPrompt(text=text, transcript=f"t{n}.jsonl", line=n + 1, session=session or f"s{n}")
        for n, text in enumerate(texts)
    ]


def test_the_same_correction_in_three_sessions_is_proposed_with_its_lines():
    (rule,) = propose_rules(
        typed(
            "No, don't use print for logging.",
            "Fix the test. Do not use print for logging!",
            "never use print for logging",
        )
    )
    assert rule.text == "never use print for logging"
    assert rule.places == ("t0.jsonl:1", "t1.jsonl:2", "t2.jsonl:3")
    assert rule.sessions == 3


def test_twice_is_not_enough_nor_three_times_in_one_session():
    text = "always run the linter before you commit"
    assert propose_rules(typed(text, text)) == []
    assert propose_rules(typed(text, text, text, session="one")) == []


def test_a_demand_and_its_opposite_are_not_the_same():
    prompts = typed("always use tabs here", "don't use tabs here", "always use tabs here")
    assert propose_rules(prompts) == []


def test_what_is_no_correction_is_not_proposed():
    assert propose_rules(typed(*["add a page for the invoices"] * 5)) == []
    assert propose_rules(typed(*["don't do that"] * 5)) == []
    assert propose_rules(typed(*["<pasted>never ever print a thing</pasted>"] * 5)) == []


def test_what_the_instructions_already_say_is_not_proposed():
    prompts = typed(*["never push to the main branch"] * 3)
    assert propose_rules(prompts, known=["- Never push to main branch."]) == []


def test_secrets_are_not_repeated():
    secret = f"ghp_{'a1B2' * 9}"
    (rule,) = propose_rules(typed(*[f"always use the key {secret} for deployment runs"] * 3))
    assert secret not in rule.text
