"""The real Aider that the tests ask: the one that `make` installs, or DAYDREAMD_TEST_AIDER."""

import os
from pathlib import Path

_OURS = Path(__file__).parents[1] / ".venv-aider" / "bin" / "aider"
AIDER = Path(os.environ.get("DAYDREAMD_TEST_AIDER", _OURS))
