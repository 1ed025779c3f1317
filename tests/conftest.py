"""What all tests share: one hypothesis profile, and the real UCI set where it can be found."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("steady", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")

_ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def uci_folder() -> Path:
    """The nine files of the UCI restaurant & consumer data."""
    folder = Path(os.environ.get("TABLESTAKES_UCI_DIR") or _ROOT.parent / "shared" / "data" / "uci_rcdata")
    if not (folder / "rating_final.csv").exists():
        pytest.skip("the UCI data is not here: set TABLESTAKES_UCI_DIR")
    return folder
