"""What every command is handed: the options before its name, and what they lead to."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from daydreamd.api.service import Service
    from daydreamd.settings.loading import Loaded
    from daydreamd.settings.places import Places

Scope = Literal["auto", "system", "user"]


@dataclass
class Invocation:
    """One call of the program. Settings are read when first asked for, and only then."""

    config: Path | None = None
    scope: Scope = "auto"

    @cached_property
    def loaded(self) -> Loaded:
        """The settings in force, with their faults."""
        from daydreamd.settings.loading import load_settings

        return load_settings(self.config, environ=os.environ, scope=self.scope)

    @cached_property
    def service(self) -> Service:
        """What answers questions of the daemon that is meant, and of its history."""
        from daydreamd.api.service import Service
        from daydreamd.settings.places import find_places_to_read

        return Service(find_places_to_read(os.environ, scope=self.scope))

    @property
    def program(self) -> str:
        """What to type so that a reading command looks where this one writes."""
        from daydreamd.settings.places import find_places_to_read

        insights = self.loaded.settings.insights.directory
        read = find_places_to_read(os.environ, scope=self.scope, insights=insights)
        if read.history_db == self.places.history_db and self.scope == "auto":
            return "daydreamd"
        return f"daydreamd --{'user' if self.scope == 'auto' else self.scope}"

    @cached_property
    def places(self) -> Places:
        """Where things live for this caller."""
        from daydreamd.settings.places import find_places

        return find_places(
            os.environ, scope=self.scope, insights=self.loaded.settings.insights.directory
        )
