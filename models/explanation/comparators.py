"""The exact values beside SHAP and LIME, on the same cases: `python -m models.explanation.comparators DIR`.

Three questions are put to `shap` (KernelExplainer, PermutationExplainer) and `lime` (LimeTabularExplainer):

    pair, on and off           the very game of the exact values: a part of a diner or a restaurant is there or is not
    pair, with a background    as their manuals have it: columns are attributes (a diner's home district, a restaurant's
                               identity), and what is taken away is replaced by what others have, column by column
    second stage               the trees' features, replaced by those of other requests, column by column

Each answer is held against the exact values (models/explanation/parts.py, tree_shap.py): rank correlation, the same
three largest, greatest difference in units of sum |phi|; against itself with another seed; against the model, by the
deletion and insertion curves of `models.explanation.fidelity`; and against the clock. The libraries are an extra:
models/explanation/libraries.py.
"""

import argparse
import itertools
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats
from threadpoolctl import threadpool_limits

from data.dataset import Dataset
from models.base import Model, ModelError
from models.explanation.fidelity import (
    EXACT,
    RANDOM,
    WEIGHT,
    Game,
    faithfulness,
    nearby,
    r_squared,
    request_features,
    tree_games,
    unexplained,
)
from models.explanation.libraries import METHODS, Method, library
from models.explanation.questions import (
    LIME_BACKGROUND,
    Pairs,
    Question,
    any_candidates,
    of_rows,
    on_and_off,
    their_game,
)
from models.ground import Ground
from models.ladder import make
from models.second_stage.features import FEATURES, NEVER_DAYS
from models.second_stage.stage import second_stage_of

Doubles = npt.NDArray[np.float64]
MODEL: Final = "lightfm+lambdamart"
CASES: Final = 40
RESEEDED: Final = 8
"""Of the cases, those that are explained once more with each further seed."""
SEEDS: Final = 3
_TOP: Final = 3
_LOOKED_INTO: Final = 5
"""Cases whose rows are looked at one by one."""
_REQUESTS: Final = 400
_COLUMNS: Final = (
    *("rho", "top 3", "greatest", "rho of seeds", "first changes", "R2 near", "ms"),
    *("deletion", "exact better by", "insertion", "exact better by", "deletion in their game"),
)


def rank_correlation(one: Doubles, other: Doubles) -> float:
    """Spearman's; 0 where one of them says the same of all."""
    ranks = [stats.rankdata(values) for values in (one, other)]
    spread = [float(np.std(own)) for own in ranks]
    return float(np.corrcoef(*ranks)[0, 1]) if min(spread) > 0.0 else 0.0


def top(values: Doubles) -> set[int]:
    """The three largest, whatever their sign."""
    return set(np.argsort(-np.abs(values), kind="stable")[:_TOP].tolist())


def agreement(found: Doubles, exact: Doubles) -> tuple[float, float, float]:
    """Rank correlation, share of the three largest in common, greatest difference in units of sum |exact|."""
    shared = len(top(found) & top(exact)) / min(_TOP, len(exact))
    return rank_correlation(found, exact), shared, float(np.abs(found - exact).max() / np.abs(exact).sum())


def stability(answers: Sequence[Sequence[Doubles]]) -> tuple[float, float]:
    """Of cases, each answered with several seeds: mean rank correlation of two, and how often the first is another."""
    correlations = [rank_correlation(*pair) for case in answers for pair in itertools.combinations(case, 2)]
    changed = [len({int(np.abs(values).argmax()) for values in case}) > 1 for case in answers]
    return float(np.mean(correlations)), float(np.mean(changed))


def compare(questions: Sequence[Question], exact_ms: float, methods: Sequence[str], seed: int) -> dict[str, Any]:
    """All figures of the methods on the questions, as JSON; `exact_ms` is what an exact explanation took."""
    games = [question.game for question in questions]
    people = np.asarray([game.diner for game in games], np.int64)
    answers: dict[str, list[Doubles]] = {EXACT: [game.shapley for game in games]}
    rows = {EXACT: {"rho": 1.0, "top": 1.0, "apart": 0.0, "stable": 1.0, "changed": 0.0, "ms": exact_ms}}
    for name in methods:
        method = METHODS[name]
        method(questions[0], seed)  # the libraries compile when they are first asked
        started = time.perf_counter()
        found = [method(question, seed) for question in questions]
        taken = (time.perf_counter() - started) / len(questions)
        again = [
            [found[at], *(method(questions[at], seed + more) for more in range(1, SEEDS))]
            for at in range(min(RESEEDED, len(questions)))
        ]
        agreed = np.mean([agreement(*both) for both in zip(found, answers[EXACT], strict=True)], axis=0).tolist()
        stable, changed = stability(again)
        rows[name] = dict(zip(("rho", "top", "apart"), agreed, strict=True)) | {
            "stable": stable,
            "changed": changed,
            "ms": 1000.0 * taken,
        }
        answers[name] = found
    orderings = answers | {WEIGHT: [game.weights for game in games]}
    rng = np.random.default_rng(seed)
    asked = [nearby(len(game.shapley), rng) for game in games]
    for name, values in answers.items():
        spread = [unexplained(game, own, sets) for game, own, sets in zip(games, values, asked, strict=True)]
        rows[name]["local_r2"] = r_squared(np.asarray(spread), people, seed)["value"]
    return {
        "methods": rows,
        "fidelity": faithfulness(games, orderings, seed),
        "fidelity_in_their_game": faithfulness([their_game(question) for question in questions], orderings, seed),
        "answers": answers,
    }


# -- where they mislead


def asked_for(method: Method, question: Question, seed: int) -> Doubles:
    """(N, m) all rows that a method puts to the model to explain one case."""
    rows: list[Doubles] = []

    def ask(asked: Doubles) -> Doubles:
        rows.append(np.array(asked, np.float64))
        return question.ask(asked)

    method(replace(question, ask=ask), seed)
    return np.concatenate(rows)


def impossible(rows: Doubles) -> float:
    """Share of rows (N, features) in which a diner has ordered somewhere and never has, or has not and lately did."""
    orders, days = (rows[:, FEATURES.index(name)] for name in ("own_orders", "own_days"))
    return float(np.mean((orders > 0.0) != (days < NEVER_DAYS)))


def hidden(game: Game, values: Doubles) -> tuple[int, int, float]:
    """Two parts and what they make together: of all pairs the one that exceeds what the two are given most.

    An additive explanation has no place for it: where a part does good with one and harm with another, it says neither.
    """
    m = len(game.shapley)
    single = np.eye(m, dtype=np.bool_)
    alone, one, other = game.worth(single), *np.triu_indices(m, 1)
    together = game.worth(single[one] | single[other]) - alone[one] - alone[other] + game.nothing()
    at = int((np.abs(together) - np.abs(values[one]) - np.abs(values[other])).argmax())
    return int(one[at]), int(other[at]), float(together[at])


# -- the report


def table(compared: Mapping[str, Any]) -> str:
    """The figures for people."""
    frame, told, theirs = {}, compared["fidelity"], compared["fidelity_in_their_game"]["margins"]["deletion"]
    for name in [*compared["methods"], WEIGHT, RANDOM]:
        own = compared["methods"].get(name)
        figures = [""] * 7
        if own is not None:
            figures = [f"{own['rho']:.3f}", f"{own['top']:.2f}", f"{own['apart']:.0e}", f"{own['stable']:.3f}"]
            figures += [f"{own['changed']:.0%}", f"{own['local_r2']:.3f}", f"{own['ms']:.2f}"]
        for kind in ("deletion", "insertion"):
            figures.append(f"{told[kind][name]['value']:+.3f}")
            figures.append("" if name == EXACT else _interval(told["margins"][kind][name]))
        frame[name] = [*figures, "" if name == EXACT else _interval(theirs[name])]
    return pd.DataFrame.from_dict(frame, orient="index", columns=_COLUMNS).to_string()


def _interval(figure: Mapping[str, float]) -> str:
    return f"{figure['value']:+.4f} ({figure['low']:+.4f}, {figure['high']:+.4f})"


def _most_apart(questions: Sequence[Question], found: Sequence[Doubles]) -> int:
    """The case in which the values' order is least that of the exact ones."""
    exact = (question.game.shapley for question in questions)
    return int(np.argmin([rank_correlation(*both) for both in zip(found, exact, strict=True)]))


def _of_interactions(questions: Sequence[Question], compared: Mapping[str, Any]) -> Iterator[str]:
    """The pair of parts that LIME says least of."""
    values = compared["answers"]["lime"]
    found = [hidden(question.game, own) for question, own in zip(questions, values, strict=True)]
    sizes = [
        (abs(made) - abs(own[one]) - abs(own[other])) / question.game.scale
        for question, own, (one, other, made) in zip(questions, values, found, strict=True)
    ]
    at = int(np.argmax(sizes))
    game, (one, other, made) = questions[at].game, found[at]
    yield "An interaction that an additive answer has no place for:"
    yield f"  diner {game.diner}: {game.names[one]} and {game.names[other]} make {made:+.4f} together"
    for name in ("lime", "shap permutation", EXACT):
        given = compared["answers"][name][at]
        yield f"  {name:<17} {given[one]:+.4f} and {given[other]:+.4f}"


def _of_backgrounds(questions: Sequence[Question], compared: Mapping[str, Any], seed: int) -> Iterator[str]:
    """Rows that cannot be, and the case in which KernelExplainer is farthest from the exact order."""
    yield "Rows that the trees are asked about and that cannot be (orders there, but never; none, but lately):"
    for name in ("shap kernel", "shap permutation", "lime"):
        shares = [impossible(asked_for(METHODS[name], question, seed)) for question in questions[:_LOOKED_INTO]]
        yield f"  {name:<17} {np.mean(shares):.0%}"
    at = _most_apart(questions, compared["answers"]["lime"])
    question = questions[at]
    yield f"The case in which LIME's order is least the exact one (diner {question.game.diner}):"
    columns = (EXACT, "shap kernel, all", "lime")
    frame = pd.DataFrame({name: compared["answers"][name][at] for name in columns}, list(FEATURES))
    frame.insert(0, "feature is", question.row)
    whole, m = question.game.whole(), len(FEATURES)
    frame["score loses without it"] = whole - question.game.worth(~np.eye(m, dtype=np.bool_))
    yield frame.loc[frame[EXACT].abs().sort_values(ascending=False).index].to_string(float_format="{:+.3f}".format)


def _of_seeds(questions: Sequence[Question], name: str, seed: int) -> Iterator[str]:
    """A case whose first part is another with another seed."""
    for question in questions[:RESEEDED]:
        answers = [METHODS[name](question, seed + more) for more in range(SEEDS)]
        firsts = [int(np.abs(values).argmax()) for values in answers]
        if len(set(firsts)) > 1:
            yield f"With another seed another first part ({name}, diner {question.game.diner}):"
            names = question.game.names
            for more, (first, values) in enumerate(zip(firsts, answers, strict=True)):
                others = ", ".join(f"{names[at]} {values[at]:+.3f}" for at in sorted(set(firsts)))
                yield f"  seed {seed + more}: {names[first]} first; {others}"
            return
    yield f"No first part of {name} changed with the seed in {RESEEDED} cases."


def lines(ground: Ground, model: Model, cases: int) -> Iterator[str]:
    """The tables and the cases, of a fitted model."""
    seed, question = ground.seed, ground.prepared.question
    drawn = np.random.default_rng(seed).permutation(question.diners)[: cases + LIME_BACKGROUND]
    pairs = Pairs.of(model, drawn, seed)
    count = min(cases, len(drawn))
    started = time.perf_counter()
    games = pairs.games(count)
    taken = 1000.0 * (time.perf_counter() - started) / count
    plain = [on_and_off(game) for game in games if game.scale > 0.0]
    found = compare(plain, taken, list(METHODS), seed)
    yield f"{model.name}, pair, on and off: {_sizes(found)}"
    yield table(found)
    yield from _of_interactions(plain, found)
    beside = [one for one in pairs.with_background(count) if one.game.scale > 0.0]
    found = compare(beside, taken, list(METHODS), seed)
    yield f"\n{model.name}, pair, with a background: {_sizes(found)}"
    yield table(found)
    yield from _of_seeds(beside, "lime", seed)
    stage = second_stage_of(model)
    if stage is None or ground.requests is None:
        return
    requests = ground.requests.part(np.random.default_rng(seed).permutation(len(ground.requests.asked))[:_REQUESTS])
    rows, count = request_features(model, stage, requests), min(cases, len(requests.asked) // 2)
    # The trees have learnt from what was shown, not from what was ordered alone: so is the background.
    rows[count:] = request_features(model, stage, any_candidates(requests, seed))[count:]
    stage.shap.expected  # noqa: B018 - the paths are made once a model
    started = time.perf_counter()
    games = tree_games(stage, rows[:count], requests.asked.diners[:count])
    taken = 1000.0 * (time.perf_counter() - started) / count
    trees = of_rows(stage, rows, games)
    found = compare(trees, taken, list(METHODS), seed)
    yield f"\n{model.name}, second stage: {_sizes(found)}"
    yield table(found)
    yield from _of_backgrounds(trees, found, seed)
    yield from _of_seeds(trees, "lime", seed)


def _sizes(found: Mapping[str, Any]) -> str:
    told = found["fidelity"]
    share = told["interaction_share"]["value"]
    return f"{told['cases']} cases of {told['parts']:.0f} parts, {share:.0%} of the exact values from interactions"


def main(argv: Sequence[str] | None = None) -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m models.explanation.comparators")
    parser.add_argument("dataset", type=Path, metavar="DIR")
    parser.add_argument("--market")
    parser.add_argument("--model", default=MODEL)
    parser.add_argument("--cases", type=int, default=CASES)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args(argv)
    if chosen.cases < 2:
        parser.error("--cases: an interval takes two at least")
    try:
        library("shap"), library("lime")
        dataset = Dataset.open(chosen.dataset)
        ground = Ground(dataset, chosen.market or dataset.markets[0], seed=chosen.seed)
        parameters = ground.parameters(chosen.model, {})
        model = make(chosen.model, **parameters).fit(ground.train_period([chosen.model]))
        with threadpool_limits(1, "blas"):
            for line in lines(ground, model, chosen.cases):
                print(line, flush=True)
    except ModelError as error:
        parser.exit(1, f"{error}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
