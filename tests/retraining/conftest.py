"""A home with a small city's log, whose champion was made before its last days."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from data import columns as col
from data.city.generate import generate
from data.dataset import Dataset
from services.catalogue.store import CatalogueStore
from services.clock import Clock
from services.database.engine import migrate, open_database
from services.events.export import export_dataset
from services.events.importing import import_events
from services.retraining.job import RetrainingJob
from services.retraining.training import train_markets
from services.settings import Settings

MARKET = "aldermoor"


@dataclass(frozen=True)
class LearningHome:
    """A home, and the dataset that its log was taken from."""

    settings: Settings
    dataset: Dataset

    @property
    def engine(self) -> Engine:
        return open_database(self.settings.resolved_database_url)


@pytest.fixture(scope="session")
def made_home(tmp_path_factory: pytest.TempPathFactory) -> LearningHome:
    """Never changed: `home` is a copy of it."""
    folder = tmp_path_factory.mktemp("learning")
    generate(folder / "city", restaurants=60, diners=500, days=10, markets=1, seed=5)
    dataset = Dataset.open(folder / "city")
    settings = Settings(home=folder / "home")
    engine = open_database(settings.resolved_database_url)
    migrate(engine)
    CatalogueStore(engine).load(dataset.market(MARKET), dataset.restaurants(MARKET), dataset.diners(MARKET))
    import_events(engine, dataset, MARKET, lambda *_: None)
    made = dataset.events(MARKET)[col.AT].max().floor("D") - timedelta(days=2)
    before = export_dataset(engine, folder / "before", until=made)
    engine.dispose()
    list(train_markets(settings, before, "lightfm", progress=lambda *_: None, passed_over=print))
    return LearningHome(settings, dataset)


@pytest.fixture
def home(made_home: LearningHome, tmp_path: Path) -> LearningHome:
    """One that a test may change. The champion's files stay where they were made."""
    shutil.copytree(made_home.settings.home, tmp_path / "home")
    return LearningHome(Settings(home=tmp_path / "home"), made_home.dataset)


@pytest.fixture
def engine(home: LearningHome) -> Iterator[Engine]:
    engine = home.engine
    yield engine
    engine.dispose()


@pytest.fixture
def job(home: LearningHome, engine: Engine) -> RetrainingJob:
    return RetrainingJob(engine, home.settings, Clock())
