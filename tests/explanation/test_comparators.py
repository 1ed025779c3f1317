"""SHAP and LIME on games whose answer is known, and what is said where they mislead."""

import builtins
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from test_fidelity import additive
from test_tree_shap import grown, read

from data.dataset import Dataset
from models.base import ModelError
from models.explanation import comparators
from models.explanation.comparators import (
    agreement,
    asked_for,
    compare,
    hidden,
    impossible,
    lines,
    rank_correlation,
    stability,
    table,
)
from models.explanation.fidelity import EXACT, pair_game, tree_game
from models.explanation.grouped import feature_of
from models.explanation.libraries import METHODS, kernel_shap, kernel_shap_of_all, lime, permutation_shap
from models.explanation.parts import Kind, Parts, Source
from models.explanation.questions import (
    Question,
    Table,
    _with_background,
    by_attribute,
    of_rows,
    on_and_off,
    their_game,
)
from models.explanation.tree_shap import TreeShap
from models.ground import Ground
from models.ladder import make
from models.second_stage.features import FEATURES, NEVER_DAYS
from models.testing import sample_data
from tests.conftest import SmallCity


def a_pair(seed: int, left: int = 4, right: int = 3) -> Question:
    rng = np.random.default_rng(seed)
    parts = [
        Parts.of([Source(Kind.TAG, f"a{n}=x") for n in range(count)], rng.normal(size=(count, 5)))
        for count in (left, right)
    ]
    return on_and_off(pair_game(*parts))


COMPILES = pytest.mark.long
"""PermutationExplainer is compiled when it is first asked, which takes some 15 s."""
KNOWN = [kernel_shap, kernel_shap_of_all, pytest.param(permutation_shap, marks=COMPILES)]


@pytest.mark.parametrize("method", KNOWN)
def test_shap_gives_the_exact_values_of_a_game_that_it_is_told(method: Callable[..., np.ndarray]) -> None:
    question = a_pair(1)
    np.testing.assert_allclose(method(question, 0), question.game.shapley, atol=1e-9 * question.game.scale)


@COMPILES
def test_one_permutation_there_and_back_is_exact_where_parts_interact_by_twos() -> None:
    question = a_pair(2, 12, 11)
    found = permutation_shap(question, 5)
    np.testing.assert_allclose(found, question.game.shapley, atol=1e-12 * question.game.scale)


def test_kernel_shap_is_exact_of_an_odd_number_of_parts_that_interact_by_twos_and_of_an_even_one_is_not() -> None:
    """Each sample has its complement as partner but those of half of the parts."""
    for count, (least, most) in ((19, (0.0, 1e-12)), (18, (1e-5, 0.1))):
        question = a_pair(6, 9, count - 9)
        apart = np.abs(kernel_shap_of_all(question, 0) - question.game.shapley).max() / question.game.scale
        assert least <= apart <= most


def test_kernel_shap_keeps_no_more_than_ten_values_unless_it_is_told_to() -> None:
    question = a_pair(3, 12, 11)
    assert np.count_nonzero(kernel_shap(question, 0)) == 10
    assert np.count_nonzero(kernel_shap_of_all(question, 0)) == 23


def test_lime_finds_the_values_of_an_additive_game_but_for_its_penalty() -> None:
    question = on_and_off(additive(np.asarray([2.0, -1.0, 0.5, 0.0])))
    np.testing.assert_allclose(lime(question, 0), [2.0, -1.0, 0.5, 0.0], atol=0.01)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=COMPILES) if name == "shap permutation" else name for name in METHODS]
)
def test_a_seed_gives_the_same_answer_and_leaves_numpy_s_own_generator_alone(name: str) -> None:
    question = a_pair(4, 9, 9)
    np.random.seed(11)
    expected = np.random.random()
    np.random.seed(11)
    one, again = METHODS[name](question, 3), METHODS[name](question, 3)
    np.testing.assert_array_equal(one, again)
    if name.startswith("shap kernel"):
        assert np.random.random() == expected


def test_without_the_libraries_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def missing(name: str, *rest: Any) -> Any:
        if name.partition(".")[0] in ("shap", "lime"):
            raise ImportError(f"No module named {name!r}")
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", missing)
    for method in (kernel_shap, lime):
        with pytest.raises(ModelError, match=r"pip install 'tablestakes\[comparators\]'"):
            method(a_pair(1), 0)


def test_training_and_serving_never_import_them() -> None:
    code = "import sys, models.pipeline, services.api.app; print({'shap', 'lime', 'numba'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


# -- questions


def test_parts_of_one_attribute_are_one_column() -> None:
    rng = np.random.default_rng(0)
    sources = [Source(Kind.TAG, "likes=thai"), Source(Kind.TAG, "budget=1"), Source(Kind.TAG, "likes=greek")]
    parts = Parts.of([*sources, Source(Kind.ITSELF)], rng.normal(size=(4, 3)))
    assert [feature_of(source) for source in parts.sources] == ["likes", "budget", "likes", "identity"]
    grouped, has = by_attribute(parts, ["age", "budget", "identity", "likes"])
    assert has == ["", "budget=1", "", "likes=thai likes=greek"]
    np.testing.assert_allclose(grouped.vectors[3], parts.vectors[0] + parts.vectors[2])
    assert not grouped.vectors[0].any()
    np.testing.assert_allclose(grouped.total, parts.total)


def tables(seed: int, rows: int = 6) -> tuple[Table, Table]:
    rng = np.random.default_rng(seed)

    def one(side: str) -> Parts:
        tags = [Source(Kind.TAG, f"{side}={rng.integers(3)}"), Source(Kind.TAG, f"price={rng.integers(2)}")]
        return Parts.of([*tags, Source(Kind.ITSELF)], rng.normal(size=(3, 4)))

    return Table.of([one("likes") for _ in range(rows)]), Table.of([one("cuisine") for _ in range(rows)])


def test_a_question_with_a_background_is_the_model_s_score_and_others_values_stand_in() -> None:
    diners, places = tables(1)
    question = _with_background(diners, places, 2, 7)
    assert question.game.diner == 7
    assert not question.row.any()
    person, place = diners.rows[2].total, places.rows[2].total
    assert question.ask(question.row[None])[0] == pytest.approx(person[:-1] @ place[:-1] + person[-1] + place[-1])
    # Only the diner's identity is another's: it is like no other, so it has a code of its own in each row.
    at = diners.attributes.index("identity")
    assert len(set(question.background[:, at])) == 5
    changed = question.row.copy()
    changed[at] = question.background[0, at]
    other = diners.rows[0]
    moved = person - np.append(diners.rows[2].vectors[at], diners.rows[2].biases[at])
    moved = moved + np.append(other.vectors[at], other.biases[at])
    assert question.ask(changed[None])[0] == pytest.approx(moved[:-1] @ place[:-1] + moved[-1] + place[-1])


def test_their_game_takes_the_mean_of_the_background_for_what_is_absent() -> None:
    question = _with_background(*tables(2), 0, 0)
    theirs = their_game(question)
    assert theirs.whole() == pytest.approx(question.game.whole())
    assert theirs.nothing() == pytest.approx(question.ask(question.background).mean())
    own = on_and_off(question.game)
    present = np.random.default_rng(0).random((9, len(own.row))) < 0.5
    np.testing.assert_allclose(their_game(own).worth(present), own.game.worth(present), atol=1e-12)


@pytest.mark.parametrize("method", KNOWN[1:])
def test_shap_shares_out_what_its_own_game_pays(method: Callable[..., np.ndarray]) -> None:
    question = _with_background(*tables(3), 1, 0)
    theirs = their_game(question)
    paid = theirs.whole() - theirs.nothing()
    assert method(question, 0).sum() == pytest.approx(paid, abs=1e-9 * question.game.scale)


# -- figures


def test_agreement_by_hand() -> None:
    exact = np.asarray([4.0, -3.0, 2.0, 1.0])
    assert agreement(exact, exact) == (pytest.approx(1.0), 1.0, 0.0)
    rho, shared, apart = agreement(np.asarray([1.0, -3.0, 2.0, 4.0]), exact)
    assert (rho, shared, apart) == (pytest.approx(-0.2 + 0.4), pytest.approx(2 / 3), pytest.approx(0.3))
    assert rank_correlation(np.zeros(4), exact) == 0.0


def test_stability_by_hand() -> None:
    same, other = np.asarray([3.0, 2.0, 1.0]), np.asarray([1.0, 2.0, 3.0])
    assert stability([[same, same], [same, other]]) == (pytest.approx(0.0), 0.5)


def test_a_row_of_a_diner_who_ordered_there_and_never_did_cannot_be() -> None:
    rows = np.zeros((4, len(FEATURES)))
    orders, days = FEATURES.index("own_orders"), FEATURES.index("own_days")
    rows[:, days] = [NEVER_DAYS, NEVER_DAYS, 3.0, 3.0]
    rows[:, orders] = [0.0, 2.0, 0.0, 2.0]
    assert impossible(rows) == 0.5


def test_what_two_parts_make_together_is_found_though_each_is_given_nothing() -> None:
    """a helps with b and harms as much with c: its share is none."""

    def worth(present: np.ndarray) -> np.ndarray:
        a, b, c = present.astype(np.float64).T
        return 6.0 * a * b - 6.0 * a * c

    game = comparators.Game(0, ("a", "b", "c"), worth, np.asarray([0.0, 3.0, -3.0]), np.ones(3))
    assert hidden(game, np.asarray([0.0, 3.0, -3.0])) == (0, 1, 6.0)
    assert hidden(game, np.asarray([0.0, 30.0, -3.0])) == (0, 2, -6.0)


def test_all_rows_that_a_method_asks_for_are_seen() -> None:
    question = a_pair(1)
    rows = asked_for(lime, question, 0)
    assert rows.shape == (5_000, 7)
    assert set(np.unique(rows)) == {0.0, 1.0}
    assert 0.48 < rows.mean() < 0.52


def test_a_comparison_has_every_method_with_its_figures() -> None:
    questions = [a_pair(seed) for seed in range(6)]
    found = compare(questions, 0.5, ["shap kernel, all", "lime"], 0)
    assert list(found["methods"]) == [EXACT, "shap kernel, all", "lime"]
    exact = found["methods"]["shap kernel, all"]
    assert exact["rho"] == pytest.approx(1.0)
    assert exact["apart"] < 1e-12
    assert exact["local_r2"] == pytest.approx(found["methods"][EXACT]["local_r2"])
    assert found["methods"]["lime"]["ms"] > 0.0
    names = [row.split("  ")[0] for row in table(found).splitlines()[1:]]
    assert names == [EXACT, "shap kernel, all", "lime", "weight", "random"]


def test_trees_are_asked_about_as_they_are() -> None:
    trees = read(grown(2))
    shap, rng = TreeShap.of(trees), np.random.default_rng(0)
    rows = rng.normal(size=(60, trees.width))
    games = [tree_game(shap, row, np.ones(trees.width), at) for at, row in enumerate(rows[:4])]

    class Stage:
        pass

    stage: Any = Stage()
    stage.trees = trees
    questions = of_rows(stage, rows, games)
    assert len(questions) == 4
    for question, row in zip(questions, rows, strict=False):
        assert question.ask(question.row[None])[0] == trees.sums(row[None])[0]
        assert not (question.training == row).all(axis=1).any()
        assert question.game.whole() == pytest.approx(float(trees.sums(row[None])[0]))


def test_a_model_of_no_parts_has_nothing_to_compare(tmp_path: Any) -> None:
    with pytest.raises(ModelError, match="random does not say"):
        comparators.Pairs.of(make("random").fit(sample_data()), np.arange(3), 0)


def test_a_few_cases_are_not_an_interval(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        comparators.main(["nowhere", "--cases", "1"])
    assert "takes two at least" in capsys.readouterr().err


@pytest.mark.long
def test_the_report_of_a_city(small_city: SmallCity) -> None:
    ground = Ground(Dataset.open(small_city.dataset), small_city.market)
    name = comparators.MODEL
    model = make(name, **ground.parameters(name, {})).fit(ground.train_period([name]))
    text = "\n".join(lines(ground, model, 5))
    for heading in ("pair, on and off", "pair, with a background", "second stage", "An interaction", "cannot be"):
        assert heading in text
