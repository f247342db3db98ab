"""The faults of the matrix that are quick, once each. `make faults` strikes all, many times."""

import pytest

from tests.e2e.faults import FAULTS
from tests.e2e.household import PHASES

pytestmark = pytest.mark.root

# Of the four points of each phase at which the daemon is killed, one is enough here; what takes
# long is left to the matrix, but for one of each kind.
_LONG = (
    "killed, rotation", "logs full", "log of", "clock +1 year", "workspace hangs",
    "~/.claude hangs", "state full", "40 descriptors", "64 descriptors", "128 descriptors",
)  # fmt: skip
# A signal and a stop are each borne in every other phase here.
_ELSEWHERE = (
    *(f"SIGUSR1, {phase}" for phase in PHASES[1::2]),
    *(f"stopped, {phase}" for phase in PHASES[::2]),
)
_ALL_THE_SAME = ("workspace hangs, context_gathering", "~/.claude hangs, pre_cleanup")


def is_struck_here(fault):
    if fault.where.endswith((" 1/4", " 2/4", " 4/4")) or str(fault) in _ELSEWHERE:
        return False
    return str(fault) in _ALL_THE_SAME or not str(fault).startswith(_LONG)


ONCE = list(filter(is_struck_here, FAULTS))


@pytest.mark.parametrize("fault", ONCE, ids=str)
def test_the_daemon_bears_it(house, fault):
    fault.strike(house)
