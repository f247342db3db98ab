"""Faults of the matrix, once each. `make faults` strikes all of them, and many times."""

import pytest

from tests.e2e.faults import FAULTS

pytestmark = pytest.mark.root

# Of the four points of each phase at which the daemon is killed, two are enough here; of what lives
# beside the daemon, the quickest.
_LEFT_TO_THE_MATRIX = (" 2/4", " 4/4")
_SLOW = ("killed, rotation", "logs full", "log of 2 GiB", "clock +1 year", "hidepid=1")
ONCE = [
    fault
    for fault in FAULTS
    if not fault.where.endswith(_LEFT_TO_THE_MATRIX)
    and (not str(fault).startswith(_SLOW) or str(fault) == "logs full, output_processing")
]


@pytest.mark.parametrize("fault", ONCE, ids=str)
def test_the_daemon_bears_it(house, fault):
    fault.strike(house)
