"""A town that is generated once, and asserts of the shipped contract that say what differs."""

from pathlib import Path

import pytest

pytest.register_assert_rewrite("models.testing")

from data.city.generate import generate  # noqa: E402
from data.dataset import Dataset  # noqa: E402


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """One market of 60 restaurants and 200 diners over 8 days."""
    path: Path = tmp_path_factory.mktemp("towns") / "town"
    generate(path, restaurants=60, diners=200, days=8, markets=1, seed=5)
    return Dataset.open(path)
