"""docs/ARCHITECTURE.md names the rooms that there are, the floors that are law, real functions."""

from __future__ import annotations

import ast
import re
import tomllib

import pytest

from tests.house.source import ROOT, parsed, text_of

PAGE = (ROOT / "docs/ARCHITECTURE.md").read_text()
CONTRACTS = {
    contract["name"]: contract["layers"]
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"][
        "contracts"
    ]
    if "layers" in contract
}
FUNCTIONS = sorted(set(re.findall(r"`([a-z_]+(?:\.\w+){2,})`", PAGE)))


def test_every_room_is_named_and_every_named_room_is_there() -> None:
    package = ROOT / "daydreamd"
    places = [*package.iterdir(), *(package / "host").iterdir()]
    rooms = {str(one.relative_to(package)) for one in places if (one / "__init__.py").exists()}
    assert set(re.findall(r"^\| `([a-z_/]+)/` \|", PAGE, re.MULTILINE)) == rooms


@pytest.mark.parametrize(
    ("figure", "contract"), [(0, "Floors are law"), (1, "The machine has floors, too")]
)
def test_the_floors_are_those_of_the_contract(figure: int, contract: str) -> None:
    drawn = re.findall(r"^```\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)[figure].splitlines()
    law = [layer.replace("daydreamd.", "") for layer in CONTRACTS[contract]]
    assert [re.split(r"\s{2,}", line)[0] for line in drawn] == law


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_on_the_way_is_there(name: str) -> None:
    parts = name.split(".")
    depth = next(n for n in (3, 2) if (ROOT / "daydreamd" / f"{'/'.join(parts[:n])}.py").exists())
    node: ast.AST = parsed(text_of(ROOT / "daydreamd" / f"{'/'.join(parts[:depth])}.py"))
    for part in parts[depth:]:
        inner = {getattr(one, "name", ""): one for one in ast.iter_child_nodes(node)}
        assert part in inner
        node = inner[part]
