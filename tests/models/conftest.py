"""A town that is generated once."""

from pathlib import Path

import pytest

from data.city.generate import generate
from data.dataset import Dataset


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """One market of 60 restaurants and 200 diners over 8 days."""
    path: Path = tmp_path_factory.mktemp("towns") / "town"
    generate(path, restaurants=60, diners=200, days=8, markets=1, seed=5)
    return Dataset.open(path)
