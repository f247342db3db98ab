"""The faults of the matrix that are quick, once each. `make faults` strikes all, many times."""

import pytest

from tests.e2e.faults import FAULTS

pytestmark = pytest.mark.root

# Of the four points of each phase at which the daemon is killed, two are enough here; what takes
# long is left to the matrix.
_LEFT_OUT = ("killed, rotation", "logs full", "log of", "clock +1 year")
ONCE = [
    fault
    for fault in FAULTS
    if not fault.where.endswith((" 2/4", " 4/4")) and not str(fault).startswith(_LEFT_OUT)
]


@pytest.mark.parametrize("fault", ONCE, ids=str)
def test_the_daemon_bears_it(house, fault):
    fault.strike(house)
