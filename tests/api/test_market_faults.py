"""Each rule of many markets is guarded: broken, some test turns red."""

from pathlib import Path

import pytest
from market_faults import FAULTS
from planting import Fault, check_that_it_can_be_planted, check_that_it_is_noticed


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.rule)
def test_the_code_reads_as_the_fault_expects(fault: Fault, tmp_path: Path) -> None:
    check_that_it_can_be_planted(fault, tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.rule)
def test_a_planted_fault_is_noticed(fault: Fault, tmp_path: Path) -> None:
    check_that_it_is_noticed(fault, tmp_path)
