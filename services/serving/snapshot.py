"""A market as one process serves it: catalogue, model, policies, campaigns. Immutable; a refresh swaps a new one in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import orjson

from data.dataset import MarketInfo
from models.artifacts import Artifact
from models.base import FloatArray, Representations
from models.explanation.parts import explains_exactly
from models.second_stage.stage import second_stage_of
from models.training_data import Districts, restaurant_tags
from services.ads.book import AdBook
from services.ads.campaign import Campaign
from services.catalogue.records import Restaurant
from services.features.codec import model_tag, restaurant_hash
from services.ranking.auction import Selling
from services.ranking.catalogue import Catalogue, build_catalogue, with_model
from services.ranking.second_stage import Reranker
from services.releases.assignment import in_share
from services.serving.fair_share import Counting
from services.serving.kept import Surroundings
from services.serving.spoken import Spoken
from services.stakeholders.policy import Policy

_TYPICAL_DINERS = 256


MOST_PLACES: Final = 100
Card = tuple[bytes, bytes]
"""JSON fields of a restaurant: who it is; what and where it is."""


@dataclass(frozen=True, eq=False)
class MarketSnapshot:
    """Everything about a market that a request needs but the diner."""

    info: MarketInfo
    catalogue_version: int
    catalogue: Catalogue
    restaurants: tuple[Restaurant, ...]
    """In the catalogue's order."""
    cards: tuple[Card, ...]
    """What an entry of a list says of each restaurant."""
    row_of_hash: Mapping[int, int]
    """From the feature cache's 64-bit restaurant hashes to rows."""
    artifact: Artifact
    policies: Mapping[str, Policy]
    active_policy: str
    selling: Mapping[str, Selling | None]
    """How each policy sells places with this model; None: it does not."""
    book: AdBook
    around: Surroundings
    """What it was joined from, beside the model."""
    nobody: Representations
    """One row: the diner of whom nothing is known."""

    popularity: FloatArray
    """(n,) recent orders at each restaurant, older ones counting less; 0 for those that the model has not seen."""
    districts: Districts
    exact_parts: bool
    """Whether the model's scores are taken apart with nothing left but rounding."""
    model_tag: bytes
    """Stands for the model version in the feature cache: a vector of another model is never used."""
    spoken: Spoken
    """What can be said in words of its restaurants."""
    trial: "Trial | None" = None
    """The version that is on trial beside this one."""
    trial_number: int = 0
    """Of the trial in which this version serves, as its champion or as its canary; 0: there is none."""

    @cached_property
    def looks(self) -> npt.NDArray[np.float64]:
        """(100,) theta of the places of a list."""
        return self.artifact.calibration.examination_at(np.arange(1, MOST_PLACES + 1))

    @cached_property
    def countings(self) -> frozenset[Counting]:
        """How exposure is counted for the controls of the policies; empty: for none."""
        found = (Counting.under(policy.fairness) for policy in self.policies.values())
        return frozenset(one for one in found if one is not None)

    def for_diner(self, user_id: str, personalised: bool) -> "MarketSnapshot":
        """What serves this diner: the canary for those who are in its share, the champion for all others.

        Without personalisation everybody gets the same list, so there is no canary either.
        """
        trial = self.trial
        if trial is None or not trial.shown or not personalised:
            return self
        return trial.snapshot if in_share(trial.snapshot.artifact.version, user_id, trial.share) else self


@dataclass(frozen=True, eq=False)
class Trial:
    """A version beside the champion, on the same catalogue, policies and campaigns."""

    snapshot: MarketSnapshot
    share: float
    """Of the diners where it is shown, of the lists where it is not."""
    shown: bool
    """A canary is, a shadow is not."""


def build_snapshot(
    info: MarketInfo,
    catalogue_version: int,
    restaurants: Sequence[Restaurant],
    artifact: Artifact,
    policies: Mapping[str, Policy],
    active_policy: str,
    book_version: int,
    campaigns: Sequence[Campaign],
) -> MarketSnapshot:
    """Join a catalogue with a model; restaurants that the model has not seen are represented by their features."""
    lat = np.asarray([restaurant.lat for restaurant in restaurants], np.float64)
    lon = np.asarray([restaurant.lon for restaurant in restaurants], np.float64)
    rows = _rows(artifact, restaurants)
    catalogue = build_catalogue(
        ids=[restaurant.restaurant_id for restaurant in restaurants],
        representations=_represent(artifact, restaurants, rows),
        lat=lat,
        lon=lon,
        price_levels=[restaurant.price_level for restaurant in restaurants],
        cuisines=[restaurant.cuisines for restaurant in restaurants],
        hours=[restaurant.hours for restaurant in restaurants],
        calibration=artifact.calibration,
        typical_diners=_typical_diners(artifact),
        reranker=_reranker(artifact, restaurants, rows, lat, lon),
    )
    return MarketSnapshot(
        info=info,
        catalogue_version=catalogue_version,
        catalogue=catalogue,
        restaurants=tuple(restaurants),
        cards=tuple(_card(restaurant) for restaurant in restaurants),
        row_of_hash={restaurant_hash(name): row for row, name in enumerate(catalogue.ids)},
        policies=policies,
        active_policy=active_policy,
        around=Surroundings(info, catalogue_version, tuple(restaurants), book_version, tuple(campaigns)),
        book=AdBook.of(book_version, campaigns, catalogue.row_of),
        districts=Districts.of([restaurant.district for restaurant in restaurants], lat, lon),
        **_of_model(artifact, policies, rows, catalogue, restaurants),
    )


def with_artifact(snapshot: MarketSnapshot, artifact: Artifact) -> MarketSnapshot:
    """The same market with another model: what does not depend on the model is shared, the campaigns' book too."""
    rows = _rows(artifact, snapshot.restaurants)
    representations = _represent(artifact, snapshot.restaurants, rows)
    lat, lon = snapshot.catalogue.lat, snapshot.catalogue.lon
    reranker = _reranker(artifact, snapshot.restaurants, rows, lat, lon)
    catalogue = with_model(
        snapshot.catalogue, representations, artifact.calibration, _typical_diners(artifact), reranker
    )
    plain: dict[str, Any] = {"trial": None, "trial_number": 0}
    return replace(
        snapshot,
        catalogue=catalogue,
        **_of_model(artifact, snapshot.policies, rows, catalogue, snapshot.restaurants),
        **plain,
    )


def with_trial(
    champion: MarketSnapshot, trial: MarketSnapshot, share: float, shown: bool, number: int
) -> MarketSnapshot:
    """The champion's snapshot with a version on trial beside it; both must be of one catalogue and one book."""
    beside = Trial(replace(trial, trial=None, trial_number=number), share, shown)
    return replace(champion, trial=beside, trial_number=number)


def _of_model(
    artifact: Artifact,
    policies: Mapping[str, Policy],
    rows: npt.NDArray[np.int64],
    catalogue: Catalogue,
    restaurants: Sequence[Restaurant],
) -> dict[str, Any]:
    """The fields of a snapshot that another model changes, all but its catalogue, which is this one now."""
    nobody = artifact.model.new_diners([[]])
    return {
        "artifact": artifact,
        "selling": {name: Selling.under(policy.ads, artifact.calibration) for name, policy in policies.items()},
        "nobody": nobody,
        "spoken": Spoken.of(artifact, restaurants, catalogue, nobody),
        "popularity": np.where(rows >= 0, artifact.popularity[np.maximum(rows, 0)], np.float32(0.0)),
        "exact_parts": explains_exactly(artifact.model),
        "model_tag": model_tag(artifact.version),
    }


def _rows(artifact: Artifact, restaurants: Sequence[Restaurant]) -> npt.NDArray[np.int64]:
    """(n,) the model's row of each restaurant; -1 for those that it has not seen."""
    known = {restaurant_id: row for row, restaurant_id in enumerate(artifact.restaurant_ids)}
    return np.asarray([known.get(restaurant.restaurant_id, -1) for restaurant in restaurants], np.int64)


def _typical_diners(artifact: Artifact) -> FloatArray:
    return np.asarray(artifact.diners.vectors[:: max(1, len(artifact.diner_ids) // _TYPICAL_DINERS)])


def _reranker(
    artifact: Artifact,
    restaurants: Sequence[Restaurant],
    rows: npt.NDArray[np.int64],
    lat: npt.NDArray[np.float64],
    lon: npt.NDArray[np.float64],
) -> Reranker | None:
    stage = second_stage_of(artifact.model)
    if stage is None:
        return None
    return Reranker.of(
        stage,
        rows,
        lat,
        lon,
        price_levels=[restaurant.price_level for restaurant in restaurants],
        cuisines=[restaurant.cuisines for restaurant in restaurants],
        opened_at=[None if one.opened_at is None else one.opened_at.timestamp() for one in restaurants],
    )


def _card(restaurant: Restaurant) -> Card:
    head = {"restaurant_id": restaurant.restaurant_id, "name": restaurant.name}
    tail = {
        "cuisines": restaurant.cuisines,
        "price_level": restaurant.price_level,
        "lat": restaurant.lat,
        "lon": restaurant.lon,
    }
    return orjson.dumps(head)[1:-1], orjson.dumps(tail)[1:-1]


def _represent(artifact: Artifact, restaurants: Sequence[Restaurant], rows: npt.NDArray[np.int64]) -> Representations:
    """Vectors and biases in the catalogue's order; rows below 0 are represented by their features."""
    vectors = np.array(artifact.restaurants.vectors[np.maximum(rows, 0)])
    biases = np.array(artifact.restaurants.biases[np.maximum(rows, 0)])
    new = np.flatnonzero(rows < 0)
    if new.size:
        tags = [restaurant_tags(**restaurants[row].features()) for row in new.tolist()]
        unseen = artifact.model.new_restaurants(tags)
        vectors[new], biases[new] = unseen.vectors, unseen.biases
    return Representations(vectors, biases)
