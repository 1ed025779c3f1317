"""Small cities that the tests of this folder share."""

from pathlib import Path

import pytest

from data.city.generate import generate
from data.dataset import Dataset


@pytest.fixture(scope="session")
def small_city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two markets of 80 restaurants and 500 diners over 9 days."""
    path = tmp_path_factory.mktemp("cities") / "small"
    generate(path, restaurants=80, diners=500, days=9, markets=2, seed=3)
    return path


@pytest.fixture(scope="session")
def small_dataset(small_city: Path) -> Dataset:
    return Dataset.open(small_city)


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """One market of 300 restaurants and 5,000 diners over 21 days: large enough for its statistics."""
    path = tmp_path_factory.mktemp("cities") / "town"
    generate(path, restaurants=300, diners=5_000, days=21, markets=1, seed=11)
    return Dataset.open(path)
