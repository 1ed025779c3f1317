"""How faithful an order of features is: what happens to a score when features are taken away in that order.

A score is a game: `worth(S)` is what the model gives where only the parts S are there. Taken away from the whole, the
most important part first, they draw a deletion curve; put back from nothing they draw an insertion curve. Over the
share of parts, in units of sum |phi| above worth of nothing, the areas under them are

    deletion = int_0^1 (worth(all but the first t) - worth(none)) / sum |phi| dt            the lower the better
    insertion = int_0^1 (worth(the first t) - worth(none)) / sum |phi| dt                   the higher the better

(Petsiuk, Das, Saenko, BMVC 2018; for recommenders arXiv 2511.18047). In an additive game no order beats that of the
exact values. In one with interactions some can: the share of interactions is reported beside. Two games are asked:

    pair           parts of a diner and a restaurant; an absent part adds nothing (models/explanation/parts.py)
    second_stage   features of a request; an absent one goes both ways at a split (models/explanation/tree_shap.py)
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from models.base import Model
from models.evaluation import evaluate as evaluation
from models.evaluation.evaluate import HeldOut
from models.evaluation.requests import Requests, as_known_to
from models.explanation.parts import Parts, TakesApart, cells, shapley_values
from models.explanation.tree_shap import TreeShap
from models.second_stage.features import FEATURES, Past, features
from models.second_stage.learning import pair_scores
from models.second_stage.stage import SecondStage, second_stage_of

Doubles = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Worth = Callable[[Bools], Doubles]
"""(C, m) which parts are there -> (C,) what the model gives."""

EXACT: Final = "exact"
RANDOM: Final = "random"
WEIGHT: Final = "weight"
DINERS: Final = 200
"""Held-out diners whose lists are looked at."""
REQUESTS: Final = 100
LIST: Final = 10
"""Places of a list that are looked at."""
_OF_A_LIST: Final = 2
"""Restaurants of each diner's first ten that are cases."""
_RANDOM_ORDERS: Final = 10
_NEARBY: Final = 64
"""Sets of parts near the whole that an additive explanation is asked about."""
_AWAY: Final = 0.2
"""Probability that a part is taken away in such a set."""
_GRID: Final = np.linspace(0.0, 1.0, 11)


@dataclass(frozen=True, eq=False)
class Game:
    """One explained score of m parts."""

    diner: int
    """Whose it is: cases of one diner are alike."""
    names: tuple[str, ...]
    """(m,) for people."""
    worth: Worth
    shapley: Doubles
    """(m,) exact."""
    weights: Doubles
    """(m,) how large the model's numbers for a part are, whatever it meets."""

    @property
    def scale(self) -> float:
        """The unit of curves."""
        return float(np.abs(self.shapley).sum())

    def whole(self) -> float:
        """With all parts."""
        return float(self.worth(np.ones((1, len(self.shapley)), np.bool_))[0])

    def nothing(self) -> float:
        """Without any."""
        return float(self.worth(np.zeros((1, len(self.shapley)), np.bool_))[0])


def pair_game(diner: Parts, restaurant: Parts, row: int = 0) -> Game:
    """The score of a pair. A part's weight is the length of its vector and bias.

    A side that is one part (EASE's restaurants) stays where it is: without it nothing is left to be explained, so any
    order that begins with it would do. The other side's parts then only add up.
    """
    table, sides = cells(diner, restaurant), (diner, restaurant)
    played = np.repeat([len(parts.sources) > 1 for parts in sides], [len(parts.sources) for parts in sides])
    m = len(diner.sources)

    def worth(present: Bools) -> Doubles:
        there = np.ones((len(present), len(played)))
        there[:, played] = present
        person, place = there[:, :m], there[:, m:]
        together = np.einsum("cn,cn->c", person @ table.products, place)
        return np.asarray(together + person @ table.diner + place @ table.restaurant)

    if played.all():
        shares = np.concatenate(shapley_values(diner, restaurant))
    else:
        whole = (table.diner + table.products.sum(axis=1), table.restaurant + table.products.sum(axis=0))
        shares = np.concatenate(whole)[played]
    vectors, biases = (np.concatenate([getattr(parts, name) for parts in sides]) for name in ("vectors", "biases"))
    return Game(
        diner=row,
        names=tuple(name for name, own in zip(_names(diner, restaurant), played, strict=True) if own),
        worth=worth,
        shapley=shares,
        weights=np.sqrt(np.square(vectors).sum(axis=1) + np.square(biases))[played],
    )


def _names(diner: Parts, restaurant: Parts) -> list[str]:
    return [
        f"{side}'s {source.tag or source.kind.value}" + (f" {source.row}" if source.row >= 0 else "")
        for side, parts in (("diner", diner), ("restaurant", restaurant))
        for source in parts.sources
    ]


def tree_game(shap: TreeShap, looked_at: Doubles, splits: Doubles, row: int = 0) -> Game:
    """What the second stage adds to a restaurant with these features, (width,). A feature's weight is its splits."""
    return Game(
        diner=row,
        names=FEATURES,
        worth=lambda present: shap.known(looked_at, present),
        shapley=shap.values_of(looked_at[None])[0],
        weights=splits,
    )


def pair_games(model: Model, diners: npt.NDArray[np.integer], seed: int) -> list[Game]:
    """Of each diner some of the ten restaurants that the model puts first."""
    if not isinstance(model, TakesApart):
        return []
    rng = np.random.default_rng(seed)
    scores = model.score(np.asarray(diners, np.int32))
    shown = np.argsort(-scores, axis=1, kind="stable")[:, :LIST]
    games = []
    for row, places in zip(diners.tolist(), shown, strict=True):
        person = model.diner_parts(row)
        chosen = rng.choice(places, min(_OF_A_LIST, len(places)), replace=False)
        games += [pair_game(person, model.restaurant_parts(place), row) for place in chosen.tolist()]
    return games


def request_features(model: Model, stage: SecondStage, requests: Requests) -> Doubles:
    """(B, width) what the second stage looks at in the restaurant that was ordered from, of each request."""
    journal, columns = requests.journal, requests.chosen[:, None]
    places = as_known_to(stage, journal)
    relevance = pair_scores(model, requests.asked.diners, columns)
    venues = stage.venues(np.arange(len(places.lat)), places)
    log_times = requests.asked.log_times(places, columns)
    return features(venues, Past(journal.actions, places), requests.asked, columns, relevance, log_times)[:, 0]


def tree_games(stage: SecondStage, looked_at: Doubles, diners: npt.NDArray[np.integer]) -> list[Game]:
    """Of rows (B, width) that were asked for by these diners, (B,)."""
    splits = np.bincount(stage.trees.nodes["feature"], minlength=stage.trees.width).astype(np.float64)
    return [tree_game(stage.shap, row, splits, who) for row, who in zip(looked_at, diners.tolist(), strict=True)]


# -- curves


def order_of(values: Doubles, rng: np.random.Generator) -> npt.NDArray[np.intp]:
    """(m,) parts, the greatest value first; equal ones by lot."""
    shuffled = rng.permutation(len(values))
    return np.asarray(shuffled[np.argsort(-values[shuffled], kind="stable")])


def curves(game: Game, orders: npt.NDArray[np.intp]) -> tuple[Doubles, Doubles]:
    """(R, m + 1) deletion and insertion along orders (R, m), in units of the game's scale above nothing."""
    count, m = orders.shape
    ranks = np.argsort(orders, axis=1)
    steps = np.arange(m + 1)[:, None]
    put_back = ranks[:, None, :] < steps
    asked = np.concatenate([~put_back, put_back]).reshape(-1, m)
    drawn = ((game.worth(asked) - game.nothing()) / game.scale).reshape(2, count, m + 1)
    return drawn[0], drawn[1]


def area(drawn: Doubles) -> Doubles:
    """(…,) under curves (…, m + 1) over [0, 1]: straight between the steps."""
    return np.asarray((drawn[..., :-1] + drawn[..., 1:]).mean(axis=-1) / 2.0)


def nearby(m: int, rng: np.random.Generator) -> Bools:
    """(n, m) sets that lack a few of m parts, one at least."""
    present = rng.random((_NEARBY, m)) >= _AWAY
    present[np.arange(_NEARBY), rng.integers(0, m, _NEARBY)] = False
    return present


def unexplained(game: Game, values: Doubles, present: Bools) -> tuple[float, float]:
    """Variance of what taking parts away changes, and of what an additive explanation gets wrong of it.

    In units of the scale squared. One less the second over the first is the local R2.
    """
    changes = (game.worth(present) - game.whole()) / game.scale
    errors = changes + (~present @ values) / game.scale
    return float(changes.var()), float(np.square(errors).mean())


def sign_agreement(game: Game, values: Doubles) -> float:
    """Share of the parts whose value has the sign of what taking that part alone away takes from the score."""
    m = len(values)
    lost = game.whole() - game.worth(~np.eye(m, dtype=np.bool_))
    return float(np.mean(_signs(values, game.scale) == _signs(lost, game.scale)))


def interaction_share(game: Game) -> float:
    """How much of the exact values comes of parts together: sum |phi - alone| over that and sum |alone|, 0 to 1."""
    alone = game.worth(np.eye(len(game.shapley), dtype=np.bool_)) - game.nothing()
    together = float(np.abs(game.shapley - alone).sum())
    return together / (together + float(np.abs(alone).sum()))


def _signs(values: Doubles, scale: float) -> Doubles:
    return np.sign(np.where(np.abs(values) > 1e-9 * scale, values, 0.0))


# -- documents


def faithfulness(games: Sequence[Game], orderings: Mapping[str, Sequence[Doubles]], seed: int) -> dict[str, Any]:
    """Figures of orderings over cases, as JSON; random orders are always beside.

    orderings: by name, of each game what each part is worth; the greatest goes first. Games in which no part has a
    share are left out. Each figure is a mean over diners with a 95 % interval (bootstrap of diners, all cases of one
    together); `margins` are differences from EXACT, case by case, above 0 where EXACT is better.
    """
    kept = [at for at, game in enumerate(games) if game.scale > 0.0]
    drawn: dict[str, dict[str, list[Doubles]]] = {"deletion": {}, "insertion": {}}
    rng = np.random.default_rng(seed)
    for at in kept:
        game = games[at]
        orders = {name: order_of(values[at], rng)[None] for name, values in orderings.items()}
        orders[RANDOM] = rng.permuted(np.tile(np.arange(len(game.shapley)), (_RANDOM_ORDERS, 1)), axis=1)
        both = curves(game, np.concatenate(list(orders.values())))
        ends = np.cumsum([len(one) for one in orders.values()])[:-1]
        for kind, lines in zip(drawn, both, strict=True):
            for name, own in zip(orders, np.split(lines, ends), strict=True):
                drawn[kind].setdefault(name, []).append(own.mean(axis=0))
    chosen = [games[at] for at in kept]
    people = np.asarray([game.diner for game in chosen], np.int64)
    return {
        "cases": len(chosen),
        "diners": len(np.unique(people)),
        "parts": float(np.mean([len(game.shapley) for game in chosen])) if chosen else 0.0,
        **(_figures(chosen, drawn, people, seed) if chosen else {}),
    }


def _figures(
    games: Sequence[Game], drawn: Mapping[str, Mapping[str, list[Doubles]]], people: npt.NDArray[np.int64], seed: int
) -> dict[str, Any]:
    areas = {
        kind: {name: by_diner([float(area(line)) for line in lines], people) for name, lines in of.items()}
        for kind, of in drawn.items()
    }
    better = {"deletion": -1.0, "insertion": 1.0}
    rng = np.random.default_rng(seed)
    spread = np.asarray([unexplained(game, game.shapley, nearby(len(game.shapley), rng)) for game in games])
    found: dict[str, Any] = {kind: _intervals(of, seed) for kind, of in areas.items()}
    found["margins"] = {
        kind: _intervals({name: better[kind] * (of[EXACT] - of[name]) for name in of if name != EXACT}, seed)
        for kind, of in areas.items()
        if EXACT in of
    }
    found |= _intervals(
        {
            "interaction_share": by_diner([interaction_share(game) for game in games], people),
            "sign_agreement": by_diner([sign_agreement(game, game.shapley) for game in games], people),
        },
        seed,
    )
    found["local_r2"] = r_squared(spread, people, seed)
    found["curves"] = {
        kind: {
            name: np.mean([np.interp(_GRID, np.linspace(0.0, 1.0, len(line)), line) for line in lines], axis=0).tolist()
            for name, lines in of.items()
        }
        for kind, of in drawn.items()
    }
    return found


def r_squared(spread: Doubles, people: npt.NDArray[np.int64], seed: int) -> dict[str, float]:
    """Local R2 of all cases together, from (cases, 2) of `unexplained`, with an interval over diners."""
    of_all, missed = (by_diner(spread[:, column].tolist(), people) for column in (0, 1))
    share = evaluation.ratio(missed, of_all, seed)
    return {"value": 1.0 - share["value"], "low": 1.0 - share["high"], "high": 1.0 - share["low"]}


def by_diner(values: Sequence[float], people: npt.NDArray[np.int64]) -> Doubles:
    """(diners,) mean of each diner's cases."""
    _, which = np.unique(people, return_inverse=True)
    return np.asarray(np.bincount(which, weights=values) / np.bincount(which))


def _intervals(series: Mapping[str, Doubles], seed: int) -> dict[str, dict[str, float]]:
    return dict(zip(series, evaluation.intervals(list(series.values()), seed), strict=True))


def fidelity(model: Model, question: HeldOut, requests: Requests | None = None, *, seed: int = 0) -> dict[str, Any]:
    """How faithful a fitted model's own explanations are on held-out diners and requests, as JSON.

    `pair` and `second_stage` are those of `faithfulness`, None where there is no such game; `refused` says why where
    the model is not taken apart at all. Deterministic; some 2 s.
    """
    if not isinstance(model, TakesApart):
        return {"pair": None, "second_stage": None, "refused": f"{model.name} does not say what its rows are made of"}
    rng, stage, of_trees = np.random.default_rng(seed), second_stage_of(model), None
    with threadpool_limits(1, "blas"):  # the systems are small: threads would wait for each other
        if stage is not None and requests is not None:
            few = requests.part(_some(rng, len(requests.asked), REQUESTS))
            of_trees = _own(tree_games(stage, request_features(model, stage, few), few.asked.diners), seed)
        diners = question.diners[_some(rng, len(question.diners), DINERS)]
        of_pairs = _own(pair_games(model, diners, seed), seed)
    return {"pair": of_pairs, "second_stage": of_trees, "refused": None}


def _own(games: Sequence[Game], seed: int) -> dict[str, Any]:
    orderings = {EXACT: [game.shapley for game in games], WEIGHT: [game.weights for game in games]}
    return faithfulness(games, orderings, seed)


def _some(rng: np.random.Generator, count: int, most: int) -> npt.NDArray[np.int64]:
    return np.sort(rng.choice(count, min(count, most), replace=False))
