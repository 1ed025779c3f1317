"""Evaluation, training and the ladder, shared out by market and model: the same to the byte, whoever does them."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from joblib import register_parallel_backend
from joblib.parallel import ThreadingBackend

from data.city.generate import generate
from data.columns import Table
from data.dataset import Dataset, MarketInfo, writing
from models import pipeline
from models.base import ModelError
from models.contest import Contest
from services.evaluation import evaluate
from services.fan_out import Engine
from services.fan_out.store import Store, StoreError
from services.releases.registry import ModelRegistry
from services.retraining.training import TrainedMarket, train_markets
from services.retraining.training_tasks import Order, train_all
from services.serving.measure_ladder import measure_ladder
from services.settings import Settings

ELSEWHERE = "elsewhere"
CONTEST = Contest(("popular", "ease"), seed=3)
"""A baseline named among the models stands where it was named."""


@pytest.fixture(scope="module")
def cities(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Two markets that have a log, and one in which nothing has happened."""
    folder = tmp_path_factory.mktemp("cities")
    generate(folder / "two", restaurants=30, diners=100, days=8, markets=2, seed=11)
    two = Dataset.open(folder / "two")
    with writing(folder / "three") as writer:
        for table in (Table.RESTAURANTS, Table.DINERS, Table.EVENTS, Table.LISTS):
            if two.has(table):
                writer.append(table, two._read(table, None))
        silent = MarketInfo(market="silent")
        writer.finish(two.manifest.model_copy(update={"markets": (*two.manifest.markets, silent)}))
    return Dataset.open(folder / "three")


@pytest.fixture
def elsewhere() -> Engine:
    """An engine whose tasks see no disk of ours, as far as the program knows; they are done here."""
    register_parallel_backend(ELSEWHERE, ThreadingBackend)
    return Engine(ELSEWHERE)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[str]:
    fsspec = pytest.importorskip("fsspec")
    yield f"memory://{tmp_path.name}"
    left = fsspec.filesystem("memory")
    assert not left.exists(f"/{tmp_path.name}") or not left.find(f"/{tmp_path.name}"), "what diners did is left behind"


def quiet(*_: object) -> None:
    """No progress."""


def test_an_evaluation_is_the_same_to_the_byte_by_market_by_model_and_from_a_store(
    cities: Dataset, elsewhere: Engine, store: str
) -> None:
    expected = json.dumps(evaluate(cities, CONTEST, Engine(), store, quiet))
    assert set(json.loads(expected)["models"]) >= {"ease", "random", "popular", "habit"}
    for engine in (Engine(jobs=2), Engine(jobs=4), elsewhere):
        assert json.dumps(evaluate(cities, CONTEST, engine, store, quiet)) == expected, engine


def test_a_market_alone_in_which_nothing_has_happened_is_refused_as_such(
    cities: Dataset, elsewhere: Engine, store: str
) -> None:
    with pytest.raises(ModelError, match="market silent has 0 positive events"):
        evaluate(cities, CONTEST, elsewhere, store, quiet, market="silent")
    with pytest.raises(ModelError, match="market silent has 0 positive events"):
        evaluate(cities, CONTEST, Engine(jobs=2), "", quiet, market="silent")
    with pytest.raises(ModelError, match="there is no loss 'hinge'"):
        evaluate(cities, Contest(parameters={"loss": "hinge"}), Engine(jobs=2), "", quiet)


def trained(cities: Dataset, home: Path, workers: Engine, store: str = "") -> tuple[list[TrainedMarket], list[str]]:
    """The versions of both markets, registered in a home, and what was passed over."""
    settings, passed_over = Settings(home=home, engine_store=store), []
    done = train_markets(
        settings, cities, "ease", workers=workers, progress=quiet, passed_over=lambda text: passed_over.append(text)
    )
    return list(done), passed_over


def test_versions_are_the_same_one_by_one_at_once_and_from_a_store(
    cities: Dataset, elsewhere: Engine, store: str, tmp_path: Path
) -> None:
    expected, passed_over = trained(cities, tmp_path / "one", Engine())
    assert [(one.market, one.champion) for one in expected] == [(name, True) for name in cities.markets[:2]]
    assert ["silent" in text for text in passed_over] == [True]
    manifests = [_metrics(tmp_path / "one", one) for one in expected]
    for number, engine in enumerate((Engine(jobs=2), elsewhere)):
        home = tmp_path / str(number)
        assert trained(cities, home, engine, store) == (expected, passed_over)
        assert [_metrics(home, one) for one in expected] == manifests


def _metrics(home: Path, one: TrainedMarket) -> dict:
    return json.loads((home / "artifacts" / one.market / one.version / "manifest.json").read_text())["metrics"]


def test_what_a_killed_command_left_in_the_store_is_gone_on_with(
    cities: Dataset, elsewhere: Engine, store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders = [Order(market, "popular") for market in cities.markets[:2]]
    asked = (cities, orders, tmp_path / "artifacts", elsewhere, store, quiet)
    with monkeypatch.context() as killed:
        killed.setattr(Store, "remove", lambda *_: pytest.fail("killed"))
        with pytest.raises(pytest.fail.Exception, match="killed"):
            next(train_all(*asked))
    made, train = [], pipeline.train
    monkeypatch.setattr(pipeline, "train", lambda *given, **named: made.append(given[1]) or train(*given, **named))
    assert [one.order.market for one in train_all(*asked)] == list(cities.markets[:2])
    assert made == [cities.markets[1]], "the first one was made already"


def test_what_was_damaged_in_the_store_is_refused(cities: Dataset, elsewhere: Engine, tmp_path: Path) -> None:
    orders, url = [Order(cities.markets[0], "popular")], str(tmp_path / "store")
    sent = Store.put

    def damaged(store: Store, name: str, folder: Path) -> None:
        sent(store, name, folder)
        for file in (tmp_path / "store").rglob("serving.safetensors"):
            file.write_bytes(file.read_bytes()[:-1] + b"?")

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Store, "put", damaged)
        with pytest.raises(StoreError, match="not what its index says"):
            list(train_all(cities, orders, tmp_path / "artifacts", elsewhere, url, quiet))
    assert not list((tmp_path / "artifacts").rglob("*")), "nothing of it serves"


def test_the_ladder_is_the_same_with_rungs_at_once_and_from_a_store_but_for_what_is_timed(
    cities: Dataset, elsewhere: Engine, store: str
) -> None:
    ladders = [
        measure_ladder(cities, cities.markets[0], ("popular", "ease"), 0, quiet, engine, store)
        for engine in (None, Engine(jobs=2), elsewhere)
    ]
    for rungs in zip(*ladders, strict=True):
        assert len({(rung.model, json.dumps(rung.figures), rung.serving_bytes, rung.explained) for rung in rungs}) == 1
        assert all(rung.request_microseconds["median"] > 0.0 for rung in rungs)


def test_registered_versions_serve_from_where_they_belong(cities: Dataset, elsewhere: Engine, tmp_path: Path) -> None:
    from services.database.engine import open_database

    home = tmp_path / "home"
    found, _ = trained(cities, home, elsewhere, str(tmp_path / "store"))
    engine = open_database(Settings(home=home).resolved_database_url)
    for one in found:
        [version] = ModelRegistry(engine).versions(one.market)
        assert Path(version.path) == (home / "artifacts" / one.market / one.version).absolute()
    engine.dispose()
