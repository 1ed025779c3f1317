"""Restaurants and markets."""

from typing import Annotated

import numpy as np
from fastapi import APIRouter, Depends, Path, Query

from services.api.asking import market_named, snapshot_for
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
from services.bootstrap import Services
from services.catalogue.records import Identifier, Latitude, Longitude, MarketKey, Restaurant
from services.serving.directory import Listed
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
                market=market,
                title=listed.info.title or market,
                time_zone=listed.info.time_zone,
                currency=listed.info.currency,
                lat=listed.info.lat,
                lon=listed.info.lon,
                restaurants=listed.restaurants,
                model=_model_of(services, market, listed),
                as_of=now,
            )
            for market, listed in services.state.served.items()
        ]
    )


@router.get("/restaurants", operation_id="listRestaurants", responses=answers(RestaurantPage, 404, 410, 422))
async def restaurants(
    services: ServicesDep,
    market: Annotated[MarketKey | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 100,
    cursor: Annotated[Identifier | None, Query(description="The last answer's `next`.")] = None,
) -> RestaurantPage:
    """A market's restaurants, by id."""
    snapshot = await snapshot_for(services, market)
    listed = [item for item in snapshot.restaurants if cursor is None or item.restaurant_id > cursor][: limit + 1]
    following = listed[limit - 1].restaurant_id if len(listed) > limit else None
    return RestaurantPage(items=[_body(item) for item in listed[:limit]], next=following)


@router.get(
    "/restaurants/{restaurant_id}",
    operation_id="getRestaurant",
    responses=answers(RestaurantBody, 404, 410, 422),
)
async def restaurant(services: ServicesDep, restaurant_id: RestaurantId) -> RestaurantBody:
    """One restaurant."""
    snapshot, row = await _find(services, restaurant_id)
    return _body(snapshot.restaurants[row])


@router.get(
    "/restaurants/{restaurant_id}/similar",
    operation_id="listSimilarRestaurants",
    responses=answers(ScoredRestaurants, 404, 410, 422),
)
async def similar(
    services: ServicesDep, restaurant_id: RestaurantId, k: Annotated[int, Query(ge=1, le=100)] = 10
) -> ScoredRestaurants:
    """The restaurants that the model holds most alike: cosine of the learnt vectors, -1 to 1."""
    snapshot, row = await _find(services, restaurant_id)
    vectors = snapshot.catalogue.vectors
    lengths = np.maximum(np.linalg.norm(vectors, axis=1), 1e-12)
    cosines = vectors @ vectors[row] / (lengths * lengths[row])
    cosines[row] = -np.inf
    best = np.argsort(-cosines, kind="stable")[: min(k, snapshot.catalogue.size - 1)]
    return _scored(snapshot, best.tolist(), cosines[best].tolist())


@router.get("/popular", operation_id="listPopular", responses=answers(ScoredRestaurants, 404, 410, 422))
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
    snapshot = await snapshot_for(services, market)
    popularity = snapshot.popularity
    rows = np.arange(snapshot.catalogue.size)
    if lat is not None and lon is not None:
        rows = np.sort(snapshot.catalogue.grid.within(lat, lon, radius_km))
    best = rows[np.argsort(-popularity[rows], kind="stable")[:k]]
    return _scored(snapshot, best.tolist(), popularity[best].tolist())


@router.get("/search", operation_id="searchRestaurants", responses=answers(ScoredRestaurants, 404, 410, 422, 503))
async def search(
    services: ServicesDep,
    q: Annotated[str, Query(min_length=1, max_length=200)],
    market: Annotated[MarketKey | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> ScoredRestaurants:
    """Restaurants whose name or cuisine has all the words, the most popular first."""
    snapshot = await snapshot_for(services, market)
    known = snapshot.catalogue.row_of, snapshot.popularity
    rows = await services.in_thread(searched, services.catalogue, snapshot.info.market, q, limit, *known)
    return _scored(snapshot, rows, snapshot.popularity[rows].tolist())


@router.put(
    "/restaurants/{restaurant_id}",
    operation_id="putRestaurant",
    dependencies=[Depends(require(CATALOGUE))],
    responses=answers(RestaurantBody, 400, 404, 410, 413, 422, 503),
)
async def put_restaurant(services: ServicesDep, restaurant_id: RestaurantId, body: RestaurantWrite) -> RestaurantBody:
    """Add or change a restaurant. It can be recommended within a second, by its features until the next training."""
    market_named(services, body.market)
    record = Restaurant(restaurant_id=restaurant_id, **body.model_dump())
    stored = await services.in_thread(services.catalogue.put_restaurant, record)
    return _body(stored)


def _model_of(services: Services, market: str, listed: Listed) -> Versioned:
    """What makes the lists here, which may still be the champion before; the champion where nobody has asked yet."""
    snapshot = services.state.snapshots.get(market)
    if snapshot is not None:
        return Versioned(name=snapshot.artifact.manifest.model, version=snapshot.artifact.version)
    return Versioned(name=listed.model or "", version=listed.version or "")


async def _find(services: Services, restaurant_id: str) -> tuple[MarketSnapshot, int]:
    """In the first market that has it; the database is asked where not all markets are in memory."""
    state = services.state
    if state.has_all:
        candidates = list(state.snapshots)
    else:
        located = await services.in_thread(services.catalogue.located, [restaurant_id])
        candidates = [market for market in located.get(restaurant_id, ()) if market in state.served]
    for market in candidates:
        snapshot = await snapshot_for(services, market)
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
