"""Deciding which agent processes are abandoned, from facts alone, with a reason either way.

Pure: nothing here looks at the machine or acts on it. The rules, in their order, are what a careful
person would go by. Whatever is not known speaks for sparing; age, a name or a single look never
decide alone; nothing with an owner is ended except a session that is finished by every signal.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from daydreamd.cleanup.owners import ATTENDED, FIRM, Owner
from daydreamd.units import say_duration

Word = Literal["kill", "spare", "watch"]

# Thresholds never shrink below these under memory pressure, unless they are set lower.
_AGE_FLOOR_SECONDS: Final = 3600.0
_IDLE_FLOOR_SECONDS: Final = 1800.0
# So long without CPU, input, output or a child outweighs a registry that says "busy".
_WITNESS_SECONDS: Final = 86_400.0
_ONLY_SAID: Final = "somebody could come back to it, so it is only reported"
_HOW: Final = defaultdict(lambda: "in use", elsewhere="not ours to judge", remote="in use")


@dataclass(frozen=True)
class Rule:
    """When processes of a kind count as abandoned. `attended_idle_for` None: owned ones stay.

    `end_attended` false: one that is finished and could be come back to is only reported.
    """

    name: str
    ends: bool
    max_age: float
    idle_for: float
    attended_idle_for: float | None = None
    max_count: int | None = None
    end_attended: bool = False


@dataclass(frozen=True)
class ProcessFacts:
    """What two looks at an agent process have shown.

    `never` is a reason to leave it alone for good, `unknown` what could not be read, `working` what
    it was seen to be doing. A `witness` is its own word for that, which long quiet outweighs.
    `partners` are other agents that it is connected to, `companions` orphans that wait for it only.
    `finished` is true where its last turn was seen to have ended with nothing left to do.
    `idle_seconds` is how long it has proven idle at least. `proof` is how it is known to be what
    its rule says, where the rule is no kind of program.
    """

    pid: int
    start_ticks: int
    rule: str
    command: str
    age_seconds: float
    owner: Owner
    rss_bytes: int = 0
    never: str = ""
    dead_session: str = ""
    unknown: tuple[str, ...] = ()
    working: tuple[str, ...] = ()
    witness: str = ""
    partners: frozenset[int] = frozenset()
    companions: frozenset[int] = frozenset()
    finished: bool = False
    idle_seconds: float | None = None
    idle_by: str = ""
    resume: str | None = None
    family: frozenset[int] = frozenset()
    proof: tuple[str, ...] = ()


@dataclass(frozen=True)
class Pressure:
    """How short memory is: PSI `some` over 10 s in percent, and the share that is available."""

    some: float | None = None
    available: float | None = None

    @property
    def factor(self) -> float:
        """What thresholds are multiplied by."""
        some, available = self.some or 0.0, 1.0 if self.available is None else self.available
        if some >= 30 or available < 0.05:
            return 1 / 12
        return 1 / 4 if some >= 10 or available < 0.1 else 1.0

    def __str__(self) -> str:
        said = [f"pressure {self.some:.0f} %"] if self.some else []
        if self.available is not None:
            said.append(f"{self.available:.0%} available")
        return ", ".join(said)


@dataclass(frozen=True)
class Verdict:
    """What is to happen to a process, and why."""

    word: Word
    reasons: tuple[str, ...]


def choose(
    all_facts: Sequence[ProcessFacts], rules: Mapping[str, Rule], pressure: Pressure
) -> dict[int, Verdict]:
    """A verdict for every process, by pid; `rules` has one for every `ProcessFacts.rule`."""
    shrunk = {name: shrink(rule, pressure) for name, rule in rules.items()}
    note = (
        f"memory is short ({pressure}), so it had to be idle for less"
        if pressure.factor < 1
        else ""
    )
    verdicts: dict[int, Verdict] = {}
    for facts in all_facts:
        verdict = decide(facts, shrunk[facts.rule])
        verdict = replace(verdict, reasons=(*verdict.reasons, *facts.proof))
        if note and verdict.word == "kill" and decide(facts, rules[facts.rule]).word != "kill":
            verdict = replace(verdict, reasons=(*verdict.reasons, note))
        verdicts[facts.pid] = verdict
    for name, rule in shrunk.items():
        _keep_the_count([facts for facts in all_facts if facts.rule == name], rule, verdicts)
    _keep_families(all_facts, rules, verdicts)
    _keep_partners(all_facts, verdicts)
    return verdicts


def shrink(rule: Rule, pressure: Pressure) -> Rule:
    """The rule as it is while memory is short. What is owned keeps its full time."""
    return replace(
        rule,
        max_age=max(rule.max_age * pressure.factor, min(rule.max_age, _AGE_FLOOR_SECONDS)),
        idle_for=max(rule.idle_for * pressure.factor, min(rule.idle_for, _IDLE_FLOOR_SECONDS)),
    )


def decide(facts: ProcessFacts, rule: Rule) -> Verdict:
    """One process against its rule; the first thing that speaks for it spares it."""
    if facts.dead_session and not facts.never:
        return _end(rule, f"left by a session of ours that is over ({facts.dead_session})")
    if spared := _why_never(facts):
        return Verdict("spare", spared)
    if facts.owner.kind == "nobody":
        return _decide_unowned(facts, rule)
    return _decide_owned(facts, rule)


def _why_never(facts: ProcessFacts) -> tuple[str, ...]:
    """What spares a process whatever its rule says."""
    if facts.never:
        return (facts.never,)
    if facts.unknown:
        return tuple(f"cannot tell: {unknown}" for unknown in facts.unknown)
    if facts.owner.kind == "unknown":
        return (f"cannot tell who owns it: {facts.owner.says}",)
    working = (*facts.working, *([facts.witness] if _is_believed(facts) else []))
    if working:
        return (f"at work: {', '.join(working)}",)
    return ()


def _is_believed(facts: ProcessFacts) -> bool:
    """What it says of itself counts, until it has done nothing for a day and nobody is left."""
    if not facts.witness or facts.owner.kind != "nobody":
        return bool(facts.witness)
    return facts.idle_seconds is None or facts.idle_seconds < _WITNESS_SECONDS


def _decide_unowned(facts: ProcessFacts, rule: Rule) -> Verdict:
    owned = f"nobody owns it: {facts.owner.says}"
    if facts.age_seconds < rule.max_age:
        return Verdict("spare", (_young(facts, rule), owned))
    if facts.idle_seconds is None:
        return Verdict("watch", (owned, "how long it has been idle is not known yet"))
    if facts.idle_seconds < rule.idle_for:
        return Verdict("watch", (owned, f"{_idle(facts)}, {say_duration(rule.idle_for)} are asked"))
    return _end(rule, owned, _idle(facts))


def _decide_owned(facts: ProcessFacts, rule: Rule) -> Verdict:
    owned = f"{_HOW[facts.owner.kind]}: {facts.owner.says}"
    asked = rule.attended_idle_for if facts.owner.kind in ATTENDED else None
    if asked is None or facts.idle_seconds is None or facts.idle_seconds < asked:
        return Verdict("spare", (owned,))
    if facts.age_seconds < rule.max_age:
        return Verdict("spare", (owned, _young(facts, rule)))
    still = f"still there: {facts.owner.says}"
    if not facts.finished:
        return Verdict("spare", (owned, f"{_idle(facts)}, but not seen to have finished"))
    if not rule.end_attended:
        return Verdict("spare", (f"finished, but {still}", _idle(facts), _ONLY_SAID))
    return _end(rule, f"finished, but {still}", _idle(facts))


def _end(rule: Rule, *reasons: str) -> Verdict:
    if rule.ends:
        return Verdict("kill", reasons)
    return Verdict("spare", (f"{rule.name} processes are only reported", *reasons))


def _young(facts: ProcessFacts, rule: Rule) -> str:
    age, asked = say_duration(facts.age_seconds), say_duration(rule.max_age)
    return f"young: {age} old, {asked} are asked"


def _idle(facts: ProcessFacts) -> str:
    by = f" ({facts.idle_by})" if facts.idle_by else ""
    return f"idle for {say_duration(facts.idle_seconds or 0)}{by}"


def _keep_the_count(kin: Sequence[ProcessFacts], rule: Rule, verdicts: dict[int, Verdict]) -> None:
    """Above `max_count`, abandoned ones that are only too young go too, the longest idle first."""
    if rule.max_count is None:
        return
    left = sum(verdicts[facts.pid].word != "kill" for facts in kin)
    ageless = replace(rule, max_age=0.0)
    spared = [
        facts
        for facts in kin
        if verdicts[facts.pid].word != "kill" and facts.owner.kind == "nobody"
    ]
    for facts in sorted(spared, key=lambda facts: -(facts.idle_seconds or 0)):
        verdict = decide(facts, ageless)
        if left > rule.max_count and verdict.word == "kill":
            note = (
                f"more than {rule.max_count} {rule.name} processes, and this one idle the longest"
            )
            verdicts[facts.pid] = replace(verdict, reasons=(*verdict.reasons, note))
            left -= 1


def _keep_families(
    all_facts: Sequence[ProcessFacts], rules: Mapping[str, Rule], verdicts: dict[int, Verdict]
) -> None:
    """A tree that holds a process which must stay, stays; of all others everything goes."""
    firm = {
        facts.pid: verdicts[facts.pid].reasons[0]
        for facts in all_facts
        if _why_never(facts) or facts.owner.kind in FIRM or not rules[facts.rule].ends
    }
    for facts in all_facts:
        stays = next((pid for pid in facts.family if pid != facts.pid and pid in firm), None)
        if stays is not None and verdicts[facts.pid].word == "kill":
            reason = f"its process {stays} has to stay: {firm[stays]}"
            verdicts[facts.pid] = Verdict("spare", (reason,))
    going = [facts for facts in all_facts if verdicts[facts.pid].word == "kill"]
    for facts in all_facts:
        root = next((one for one in going if facts.pid in one.family), None)
        if root is not None and verdicts[facts.pid].word != "kill":
            reason = f"part of {root.rule} (pid {root.pid}), which is abandoned"
            verdicts[facts.pid] = Verdict("kill", (reason,))


def _keep_partners(all_facts: Sequence[ProcessFacts], verdicts: dict[int, Verdict]) -> None:
    """What is connected to an agent that stays, stays; and with it the tree that it is in."""
    spared: set[int] = set()
    waiting = True
    while waiting:
        waiting = False
        for facts in all_facts:
            if verdicts[facts.pid].word != "kill":
                continue
            others = {pid for pid in facts.partners if _stays(verdicts, pid)}
            if held := others | (spared & facts.family - {facts.pid}):
                reason = f"its partner {min(held)} stays: {verdicts[min(held)].reasons[0]}"
                verdicts[facts.pid] = Verdict("spare", (reason,))
                spared.add(facts.pid)
                waiting = True


def _stays(verdicts: Mapping[int, Verdict], pid: int) -> bool:
    return pid in verdicts and verdicts[pid].word != "kill"
