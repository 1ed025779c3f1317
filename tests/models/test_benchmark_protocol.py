"""The documented MovieLens benchmark: our figures are those of `lightfm.evaluation`, and its protocol is followed."""

from pathlib import Path

import numpy as np
import pytest
from scipy import sparse
from tastes import market_of_tastes

from data.dataset import Dataset
from data.importers import import_dataset
from data.splits import Method
from models.contest import Contest, evaluate
from models.evaluation.evaluate import HeldOut, held_out, measure
from models.preparation import benchmark, prepare, usual

USERS, FILMS, RATED, HELD_OUT = 60, 120, 30, 10


@pytest.fixture(scope="module")
def ml100k(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """A made-up set in the layout of ML-100k: users keep to one of two halves of the films."""
    source = tmp_path_factory.mktemp("ml") / "ml-100k"
    source.mkdir()
    rng = np.random.default_rng(3)
    rows, tests = [], []
    for user in range(1, USERS + 1):
        favour = np.where((np.arange(FILMS) < FILMS // 2) == (user % 2 == 0), 6.0, 1.0)
        films = rng.choice(FILMS, RATED, replace=False, p=favour / favour.sum()) + 1
        lines = [f"{user}\t{film}\t{rng.integers(1, 6)}\t{880_000_000 + user * 1000 + film}" for film in films]
        rows += lines
        tests += lines[:HELD_OUT]
    held = set(tests)
    (source / "u.data").write_text("\n".join(rows) + "\n")
    (source / "ua.base").write_text("\n".join(row for row in rows if row not in held) + "\n")
    (source / "ua.test").write_text("\n".join(tests) + "\n")
    films = [
        f"{film}|Film {film} (1995)|01-Jan-1995||http://x|" + "|".join(["0"] * 18 + ["1"])
        for film in range(1, FILMS + 1)
    ]
    (source / "u.item").write_text("\n".join(films) + "\n", encoding="latin-1")
    (source / "u.user").write_text("\n".join(f"{user}|30|F|writer|10000" for user in range(1, USERS + 1)) + "\n")
    out = source.parent / "dataset"
    import_dataset("movielens", source, out)
    return Dataset.open(out)


@pytest.mark.parametrize("masked", [False, True])
def test_auc_and_precision_are_those_of_lightfm(masked: bool) -> None:
    from lightfm import LightFM
    from lightfm.evaluation import auc_score, precision_at_k

    data = market_of_tastes(diners=120, restaurants=60, seed=2)
    shape = (120, 60)
    rng = np.random.default_rng(0)
    known = np.zeros(shape, bool)
    known[data.interactions.diners, data.interactions.restaurants] = True
    users, items = np.nonzero((rng.random(shape) < 0.08) & ~known)
    train, test = (
        sparse.csr_matrix(known),
        sparse.coo_matrix((np.ones(len(users)), (users, items)), shape=shape).tocsr(),
    )
    learner = LightFM(no_components=8, loss="warp", random_state=1).fit(train.tocoo().astype(np.float32), epochs=5)
    given = {"train_interactions": train.astype(np.float32)} if masked else {}
    expected_auc = auc_score(learner, test.astype(np.float32), **given)
    expected_precision = precision_at_k(learner, test.astype(np.float32), k=10, **given)

    def scores(diners: np.ndarray) -> np.ndarray:
        return np.asarray([learner.predict(int(row), np.arange(60)) for row in diners], np.float32)

    question = held_out(data, users.astype(np.int32), items.astype(np.int32), masked, rng)
    found = measure(question, scores)
    np.testing.assert_allclose(found.per_diner["auc"], expected_auc, atol=1e-6)
    np.testing.assert_allclose(found.per_diner["precision@10"], expected_precision, atol=1e-6)
    assert 0.3 < found.per_diner["auc"].mean() < 0.99


def test_the_documented_protocol(ml100k: Dataset) -> None:
    protocol = benchmark(ml100k)
    assert protocol is not None
    prepared = prepare(ml100k, "movielens", 0, protocol)
    assert prepared.split.method is Method.DOCUMENTED
    assert len(prepared.data.interactions.diners) == USERS * (RATED - HELD_OUT), "every rating is positive"
    assert np.diff(prepared.question.relevant.indptr).tolist() == [HELD_OUT] * USERS
    assert prepared.question.masked is None
    masked = prepared.masked().question.masked
    assert masked is not None
    assert np.diff(masked.indptr).tolist() == [RATED - HELD_OUT] * USERS


def test_training_for_serving_takes_good_ratings_only(ml100k: Dataset) -> None:
    prepared = prepare(ml100k, "movielens", 0, usual(ml100k))
    assert prepared.split.method is Method.TIME
    assert prepared.question.masked is not None
    assert len(prepared.log) < USERS * RATED


def test_a_report_follows_the_documented_protocol_and_sets_masked_figures_apart(ml100k: Dataset) -> None:
    report = evaluate(ml100k, Contest(cold_start=False))
    assert report["data"]["split"] == ["documented split"]
    assert report["data"]["known_items_masked"] is False
    models, masked = report["models"], report["masked"]
    assert set(models) == set(masked) == {"lightfm", "popular", "random"}
    assert models["lightfm"]["auc"]["low"] > models["random"]["auc"]["high"]
    # Films seen in training take places of the unmasked lists.
    assert masked["lightfm"]["precision@10"]["value"] > models["lightfm"]["precision@10"]["value"]


def test_no_protocol_without_a_documented_split(town: Dataset) -> None:
    assert not (Path(town.path) / "split.parquet").exists()
    assert benchmark(town) is None
    assert usual(town).mask_known is False


def test_a_question_nobody_can_answer_by_the_order_of_the_table() -> None:
    """Constant scores are worth as much as random ones, wherever the good ones stand in the table."""
    m, n = 400, 50
    relevant = sparse.csr_matrix((np.ones(m, np.int8), (np.arange(m), np.arange(m) % 10)), shape=(m, n))
    found = measure(HeldOut(np.arange(m, dtype=np.int32), relevant, None), lambda rows: np.zeros((len(rows), n), "f4"))
    assert found.per_diner["precision@10"].mean() < 0.06
