"""How many files may be open at once: as many as are allowed, and never too few to work with.

With too few, some looks at the machine succeed and others do not, and half a look is worse than
none. So it is made sure of before any work, and what is missing is said.
"""

from __future__ import annotations

import resource
from typing import Final

from daydreamd.errors import UsageError

LEAST: Final = 40
"""What a session has open at its busiest, when several programs are asked at once."""
_WANTED: Final = 1024
"""Beyond it, programs that use select(2) cannot see what they have open."""


def make_sure_of_descriptors() -> None:
    """Raise our soft limit as far as it may be of use; UsageError where the hard one is too low."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _WANTED if hard == resource.RLIM_INFINITY else min(_WANTED, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    if most < LEAST:
        raise UsageError(
            f"cannot work with {most} open files at most: {LEAST} are needed "
            "(LimitNOFILE= of the unit, `ulimit -n` of the shell)"
        )
