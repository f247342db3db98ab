"""Every fault of the matrix, once. `make faults` strikes each of them many times."""

import pytest

from tests.e2e.faults import FAULTS

pytestmark = pytest.mark.root


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_the_daemon_bears_it(house, fault):
    fault.strike(house)
