"""Each rule of explanations is guarded: broken, some test turns red."""

from pathlib import Path

import pytest
from explanation_faults import FAULTS
from planting import Fault, copy_of_the_code, run_guards

_FAILED = 1


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.rule)
def test_the_code_reads_as_the_fault_expects(fault: Fault, tmp_path: Path) -> None:
    source = Path(__file__).parent.parent.parent / fault.file
    (tmp_path / fault.file).parent.mkdir(parents=True)
    (tmp_path / fault.file).write_text(source.read_text())

    fault.plant(tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.rule)
def test_a_planted_fault_is_noticed(fault: Fault, tmp_path: Path) -> None:
    code = copy_of_the_code(tmp_path)
    fault.plant(code)

    done = run_guards(code, fault.guards)

    assert done.returncode == _FAILED, done.stdout[-3000:] + done.stderr[-1000:]
