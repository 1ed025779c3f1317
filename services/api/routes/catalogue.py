"""Restaurants and markets."""

from typing import Annotated

import numpy as np
from fastapi import APIRouter, Depends, Path, Query

from services.api.asking import snapshot_for
from services.api.dependencies import ServicesDep
from services.api.examples import answers
from services.api.problems import NotFound, Unprocessable
from services.api.schemas import (
    MarketBody,
    MarketPage,
    RestaurantBody,
    RestaurantPage,
    RestaurantWrite,
    ScoredRestaurant,
    ScoredRestaurants,
    Versioned,
)
from services.api.security import CATALOGUE, READERS_OF_DINERS, require
from services.catalogue.records import Identifier, Latitude, Longitude, MarketKey, Restaurant
from services.serving.search import searched
from services.serving.snapshot import MarketSnapshot

router = APIRouter(prefix="/v1", tags=["catalogue"], dependencies=[Depends(require(READERS_OF_DINERS))])

RestaurantId = Annotated[Identifier, Path()]


@router.get("/markets", operation_id="listMarkets", responses=answers(MarketPage))
async def markets(services: ServicesDep) -> MarketPage:
    """The markets that are served, and the model of each."""
    now = services.clock.now()
    return MarketPage(
        items=[
            MarketBody(
                market=snapshot.info.market,
                title=snapshot.info.title or snapshot.info.market,
                time_zone=snapshot.info.time_zone,
                currency=snapshot.info.currency,
                lat=snapshot.info.lat,
                lon=snapshot.info.lon,
                restaurants=snapshot.catalogue.size,
                model=Versioned(name=snapshot.artifact.manifest.model, version=snapshot.artifact.version),
                as_of=now,
            )
            for snapshot in services.state.snapshots.values()
        ]
    )


@router.get("/restaurants", operation_id="listRestaurants", responses=answers(RestaurantPage, 404, 422))
async def restaurants(
    services: ServicesDep,
    market: Annotated[MarketKey | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 100,
    cursor: Annotated[Identifier | None, Query(description="The last answer's `next`.")] = None,
) -> RestaurantPage:
    """A market's restaurants, by id."""
    snapshot = snapshot_for(services, market)
    listed = [item for item in snapshot.restaurants if cursor is None or item.restaurant_id > cursor][: limit + 1]
    following = listed[limit - 1].restaurant_id if len(listed) > limit else None
    return RestaurantPage(items=[_body(item) for item in listed[:limit]], next=following)


@router.get(
    "/restaurants/{restaurant_id}",
    operation_id="getRestaurant",
    responses=answers(RestaurantBody, 404, 422),
)
async def restaurant(services: ServicesDep, restaurant_id: RestaurantId) -> RestaurantBody:
    """One restaurant."""
    snapshot, row = _find(services, restaurant_id)
    return _body(snapshot.restaurants[row])


@router.get(
    "/restaurants/{restaurant_id}/similar",
    operation_id="listSimilarRestaurants",
    responses=answers(ScoredRestaurants, 404, 422),
)
async def similar(
    services: ServicesDep, restaurant_id: RestaurantId, k: Annotated[int, Query(ge=1, le=100)] = 10
) -> ScoredRestaurants:
    """The restaurants that the model holds most alike: cosine of the learnt vectors, -1 to 1."""
    snapshot, row = _find(services, restaurant_id)
    vectors = snapshot.catalogue.vectors
    lengths = np.maximum(np.linalg.norm(vectors, axis=1), 1e-12)
    cosines = vectors @ vectors[row] / (lengths * lengths[row])
    cosines[row] = -np.inf
    best = np.argsort(-cosines, kind="stable")[: min(k, snapshot.catalogue.size - 1)]
    return _scored(snapshot, best.tolist(), cosines[best].tolist())


@router.get("/popular", operation_id="listPopular", responses=answers(ScoredRestaurants, 404, 422))
async def popular(
    services: ServicesDep,
    market: Annotated[MarketKey | None, Query()] = None,
    k: Annotated[int, Query(ge=1, le=100)] = 20,
    lat: Annotated[Latitude | None, Query()] = None,
    lon: Annotated[Longitude | None, Query()] = None,
    radius_km: Annotated[float, Query(gt=0, le=500)] = 5.0,
) -> ScoredRestaurants:
    """The restaurants with the most orders (older ones count less), in the market or around a place."""
    if (lat is None) != (lon is None):
        raise Unprocessable("query: lat and lon come together")
    snapshot = snapshot_for(services, market)
    popularity = snapshot.popularity
    rows = np.arange(snapshot.catalogue.size)
    if lat is not None and lon is not None:
        rows = np.sort(snapshot.catalogue.grid.within(lat, lon, radius_km))
    best = rows[np.argsort(-popularity[rows], kind="stable")[:k]]
    return _scored(snapshot, best.tolist(), popularity[best].tolist())


@router.get("/search", operation_id="searchRestaurants", responses=answers(ScoredRestaurants, 404, 422, 503))
async def search(
    services: ServicesDep,
    q: Annotated[str, Query(min_length=1, max_length=200)],
    market: Annotated[MarketKey | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> ScoredRestaurants:
    """Restaurants whose name or cuisine has all the words, the most popular first."""
    snapshot = snapshot_for(services, market)
    known = snapshot.catalogue.row_of, snapshot.popularity
    rows = await services.in_thread(searched, services.catalogue, snapshot.info.market, q, limit, *known)
    return _scored(snapshot, rows, snapshot.popularity[rows].tolist())


@router.put(
    "/restaurants/{restaurant_id}",
    operation_id="putRestaurant",
    dependencies=[Depends(require(CATALOGUE))],
    responses=answers(RestaurantBody, 400, 404, 413, 422, 503),
)
async def put_restaurant(services: ServicesDep, restaurant_id: RestaurantId, body: RestaurantWrite) -> RestaurantBody:
    """Add or change a restaurant. It can be recommended within a second, by its features until the next training."""
    snapshot_for(services, body.market)
    record = Restaurant(restaurant_id=restaurant_id, **body.model_dump())
    stored = await services.in_thread(services.catalogue.put_restaurant, record)
    return _body(stored)


def _find(services: ServicesDep, restaurant_id: str) -> tuple[MarketSnapshot, int]:
    for snapshot in services.state.snapshots.values():
        row = snapshot.catalogue.row_of.get(restaurant_id)
        if row is not None:
            return snapshot, row
    raise NotFound(f"there is no restaurant {restaurant_id!r}")


def _body(item: Restaurant) -> RestaurantBody:
    return RestaurantBody.model_validate(item.model_dump())


def _scored(snapshot: MarketSnapshot, rows: list[int], scores: list[float]) -> ScoredRestaurants:
    return ScoredRestaurants(
        items=[
            ScoredRestaurant(**snapshot.restaurants[row].model_dump(), score=score)
            for row, score in zip(rows, scores, strict=True)
        ]
    )
