"""A version as training leaves it."""

from typing import Any

import pytest

from data.city.generate import generate
from data.dataset import Dataset
from models import pipeline


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The metrics of a version of a small city, with all that can be looked into."""
    folder = tmp_path_factory.mktemp("card")
    generate(folder / "city", restaurants=60, diners=500, days=10, markets=1, seed=5)
    dataset = Dataset.open(folder / "city")
    made = pipeline.train(dataset, dataset.markets[0], "lightfm", folder / "artifacts", looked_into=True)
    return made.manifest.metrics
