"""A market as one process serves it: catalogue, model, policies. Immutable; a refresh builds a new one and swaps it in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from data.dataset import MarketInfo
from models.artifacts import Artifact
from models.base import Representations
from models.training_data import restaurant_tags
from services.catalogue.records import Restaurant
from services.ranking.catalogue import Catalogue, build_catalogue
from services.stakeholders.policy import Policy

_TYPICAL_DINERS = 256


@dataclass(frozen=True, eq=False)
class MarketSnapshot:
    """Everything about a market that a request needs but the diner."""

    info: MarketInfo
    catalogue_version: int
    catalogue: Catalogue
    restaurants: tuple[Restaurant, ...]
    """In the catalogue's order."""
    row_of_hash: Mapping[int, int]
    """From the feature cache's 64-bit restaurant hashes to rows."""
    artifact: Artifact
    policies: Mapping[str, Policy]
    active_policy: str
    nobody: Representations
    """One row: the diner of whom nothing is known."""

    @property
    def model_tag(self) -> bytes:
        """Eight bytes that change with the model, so that a cached vector of another model is never used."""
        return self.artifact.version.encode()[-8:].rjust(8, b"-")


def build_snapshot(
    info: MarketInfo,
    catalogue_version: int,
    restaurants: Sequence[Restaurant],
    hashes: Sequence[int],
    artifact: Artifact,
    policies: Mapping[str, Policy],
    active_policy: str,
) -> MarketSnapshot:
    """Join a catalogue with a model; restaurants that the model has not seen are represented by their features."""
    catalogue = build_catalogue(
        ids=[restaurant.restaurant_id for restaurant in restaurants],
        representations=represent(artifact, restaurants),
        lat=np.asarray([restaurant.lat for restaurant in restaurants], np.float64),
        lon=np.asarray([restaurant.lon for restaurant in restaurants], np.float64),
        price_levels=[restaurant.price_level for restaurant in restaurants],
        cuisines=[restaurant.cuisines for restaurant in restaurants],
        hours=[restaurant.hours for restaurant in restaurants],
        calibration=artifact.calibration,
        typical_diners=np.asarray(artifact.diners.vectors[:: max(1, len(artifact.diner_ids) // _TYPICAL_DINERS)]),
    )
    return MarketSnapshot(
        info=info,
        catalogue_version=catalogue_version,
        catalogue=catalogue,
        restaurants=tuple(restaurants),
        row_of_hash={key: row for row, key in enumerate(hashes)},
        artifact=artifact,
        policies=policies,
        active_policy=active_policy,
        nobody=artifact.model.new_diners([[]]),
    )


def represent(artifact: Artifact, restaurants: Sequence[Restaurant]) -> Representations:
    """Vectors and biases in the catalogue's order."""
    known_rows = {restaurant_id: row for row, restaurant_id in enumerate(artifact.restaurant_ids)}
    rows = np.asarray([known_rows.get(restaurant.restaurant_id, -1) for restaurant in restaurants], np.int64)
    vectors = np.array(artifact.restaurants.vectors[np.maximum(rows, 0)])
    biases = np.array(artifact.restaurants.biases[np.maximum(rows, 0)])
    new = np.flatnonzero(rows < 0)
    if new.size:
        tags = [restaurant_tags(**restaurants[row].features()) for row in new]
        unseen = artifact.model.new_restaurants(tags)
        vectors[new], biases[new] = unseen.vectors, unseen.biases
    return Representations(vectors, biases)
