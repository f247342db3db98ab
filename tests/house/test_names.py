"""One word for one thing: classes, modules, and what crosses a room's door as a bag of anything."""

from __future__ import annotations

import ast
from collections import Counter, defaultdict

from tests.house.source import PACKAGE, ROOT, parsed, text_of

RIDDLES = {
    "sitting", "standing", "in_force", "wishes", "lean", "duties", "reach", "shelf", "closing",
    "plain", "remains", "strays", "memory",
}  # fmt: skip
BORDERS = {
    "daydreamd/settings/loading.py": "tables of TOML, before they are settings",
    "daydreamd/records/events.py": "the facts of a notice, each with names of its own",
    "daydreamd/reflection/answer_schema.py": "a JSON schema, in which servers have a say",
    "daydreamd/context/tech_stack.py": "a manifest in TOML, of any kind",
    "daydreamd/agents/transcripts.py": "lines that an agent wrote, of whichever version",
    "daydreamd/agents/claude_remote.py": "a settings file of Claude Code's",
    "daydreamd/agents/work/claude.py": "records that an agent wrote, of whichever version",
    "daydreamd/agents/work/codex.py": "as above",
    "daydreamd/agents/work/gemini.py": "as above",
    "daydreamd/agents/work/opencode.py": "as above",
    "daydreamd/agents/work/opencode_files.py": "as above, one in each file",
}


def test_a_public_class_name_is_unique() -> None:
    found = defaultdict(set)
    for file in PACKAGE:
        for node in ast.walk(parsed(text_of(file))):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found[node.name].add(str(file.relative_to(ROOT)))
    assert {name: files for name, files in found.items() if len(files) > 1} == {}


def test_the_name_of_a_module_is_unique() -> None:
    counts = Counter(file.stem for file in PACKAGE)
    assert {name for name, count in counts.items() if count > 1} == {"__init__"}


def test_a_module_has_the_name_of_the_field() -> None:
    assert {str(file.relative_to(ROOT)) for file in PACKAGE if file.stem in RIDDLES} == set()


def test_a_bag_of_anything_is_known_only_at_a_border() -> None:
    bags = {str(file.relative_to(ROOT)) for file in PACKAGE if "dict[str, Any]" in text_of(file)}
    assert bags == BORDERS.keys()
