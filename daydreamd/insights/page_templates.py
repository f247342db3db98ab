"""The templates of the report, and how they are read."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import jinja2


def load_template(name: str, filters: dict[str, Callable[..., str]]) -> jinja2.Template:
    """One of them. `filters` make harmless what others wrote; none is applied by itself."""
    import jinja2  # noqa: PLC0415 - 80 ms, which a session's start need not wait for

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("daydreamd.insights"),
        autoescape=False,  # noqa: S701 - Markdown, not HTML: the filters escape for it
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= filters
    return environment.get_template(name)
