"""Foreign text made harmless, short and free of secrets.

`display` takes out what moves a terminal or hides, `prompting` what tells a model who is speaking,
`redaction` what opens doors. All of it is pure and knows nothing of what the text is about.
"""

from daydreamd.text.display import code, longest_run, markdown, one_line, visible
from daydreamd.text.redaction import (
    REDACTED,
    hide,
    holds_secret,
    is_secret_name,
    redact,
    redact_argv,
)

__all__ = [
    "REDACTED",
    "code",
    "hide",
    "holds_secret",
    "is_secret_name",
    "longest_run",
    "markdown",
    "one_line",
    "redact",
    "redact_argv",
    "visible",
]
