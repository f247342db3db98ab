"""What every command is handed: the options before its name, and what they lead to."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from daydreamd.api.service import Service
    from daydreamd.records.workspace import Workspace
    from daydreamd.settings.loading import Loaded
    from daydreamd.settings.places import Places, Scope


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

    def tell_faults(self) -> None:
        """Print a line for each fault of the settings on standard error."""
        for fault in self.loaded.faults:
            click.echo(f"daydreamd: {fault}", err=True)

    def workspaces(self, paths: Sequence[str]) -> tuple[Workspace, ...]:
        """The directories `paths`, by default the current one, as the settings speak of them."""
        from daydreamd.cli.arguments import here
        from daydreamd.context.workspaces import find_workspaces

        return find_workspaces(paths or (here(),), self.loaded.settings.workspaces)

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
