"""What a session has found becomes the report on the disk."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from daydreamd.host.threads import in_spare_thread
from daydreamd.insights.archive import write_report
from daydreamd.records.events import InsightsWritten
from daydreamd.sessions.findings import Written
from daydreamd.settings.schema import Insights

if TYPE_CHECKING:
    from daydreamd.insights.judgement import Judgement
    from daydreamd.insights.report import Report


async def write_out(told: Report, path: Path, settings: Insights) -> Written:
    """Write the report to `path`, and put the former one away. FileError where it cannot be."""
    archived = int(await in_spare_thread(path.exists))
    await write_report(told, directory=path.parent, settings=settings)
    return Written(path, archived)


def insights_written(session_id: str, path: Path, judgement: Judgement) -> InsightsWritten:
    """The event that says so, with the counts."""
    return InsightsWritten(
        session_id=session_id,
        path=str(path),
        new=len(judgement.new),
        recurring=len(judgement.recurring),
        addressed=len(judgement.addressed),
        dropped=len(judgement.dropped),
    )
