"""Every fault of the matrix, once. `make faults` strikes each of them many times."""

import pytest

from tests.e2e.faults import FAULTS

pytestmark = pytest.mark.root

# Of the four points of each phase at which the daemon is killed, two are enough here.
ONCE = [fault for fault in FAULTS if not fault.where.endswith((" 2/4", " 4/4"))]


@pytest.mark.parametrize("fault", ONCE, ids=str)
def test_the_daemon_bears_it(house, fault):
    fault.strike(house)
