"""The idle times that are asked for, lengthened by what the watch has seen come back.

Pure: rules and spells come in. No rule comes out with a shorter time than it had, and none is
lengthened that ends nothing while it is idle.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from daydreamd.agents.learning import Learned, learn
from daydreamd.agents.spells import Spell
from daydreamd.cleanup.decision import Rule


def lengthen(
    rules: Mapping[str, Rule], spells: Sequence[Spell]
) -> tuple[dict[str, Rule], tuple[Learned, ...]]:
    """The rules with the times that were learned, and what was learned for each."""
    learned = {name: _learn(rule, spells) for name, rule in rules.items()}
    return {name: _applied(rules[name], learned[name]) for name in rules}, tuple(
        one for ones in learned.values() for one in ones
    )


def _learn(rule: Rule, spells: Sequence[Spell]) -> list[Learned]:
    found = [learn(spells, rule.name, alone=True, asked=rule.idle_for)]
    if rule.attended_idle_for is not None:
        found.append(learn(spells, rule.name, alone=False, asked=rule.attended_idle_for))
    return found


def _applied(rule: Rule, learned: Sequence[Learned]) -> Rule:
    """`max` although learning never shortens: whatever is read from a file is not relied on."""
    for one in learned:
        if one.alone:
            rule = replace(rule, idle_for=max(rule.idle_for, one.used_seconds))
        elif rule.attended_idle_for is not None:
            longer = max(rule.attended_idle_for, one.used_seconds)
            rule = replace(rule, attended_idle_for=longer)
    return rule
