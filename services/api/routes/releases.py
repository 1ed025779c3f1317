"""Releases: what is champion, what is on trial, what waits; promote, try, roll back."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from services.access.roles import Role
from services.api.asking import market_named
from services.api.dependencies import ServicesDep
from services.api.examples import answers
from services.api.problems import Conflict, NotFound
from services.api.release_schemas import BudgetBody, Moving, ReleaseBody, ReleasePage, Trying, freeze_reasons
from services.api.security import READERS, RELEASERS, require
from services.bootstrap import Services
from services.catalogue.records import Identifier, MarketKey
from services.releases.freeze import Frozen
from services.releases.overview import ndcg_of
from services.releases.states import Move, State
from services.releases.store import ReleaseRefused, UnknownVersion

router = APIRouter(prefix="/v1/releases", tags=["releases"], dependencies=[Depends(require(READERS))])

Version = Annotated[Identifier, Path()]
Market = Annotated[MarketKey | None, Query(description="May be left out where there is one market.")]
Releaser = Annotated[Role, Depends(require(RELEASERS))]
_MOVED = answers(ReleaseBody, 400, 404, 410, 409, 413, 422, 503)


@router.get("", operation_id="listReleases", responses=answers(ReleasePage, 404, 410, 422, 503))
async def releases(services: ServicesDep, market: Market = None) -> ReleasePage:
    """All versions of a market with their states, what the version on trial has shown, and the error budget."""
    named = market_named(services, market)
    listed = await services.in_thread(services.releases.releases, named)
    shadow = next((release for release in listed if release.state is State.SHADOW), None)
    score = None if shadow is None else await services.in_thread(services.minutes.agreement, named, shadow.trial)
    items = [
        ReleaseBody.of(release, ndcg_of(release.version), score if release is shadow else None) for release in listed
    ]
    budget = await services.in_thread(services.minutes.budget, named, services.settings.objectives)
    return ReleasePage(items=items, error_budget=BudgetBody.of(budget))


@router.post("/{version}/promote", operation_id="promoteRelease", responses=_MOVED)
async def promote(
    services: ServicesDep, role: Releaser, version: Version, body: Moving, market: Market = None
) -> ReleaseBody:
    """Make a version the champion, for everybody. Refused while the market is frozen.

    Every process follows within a second, without a request that fails or mixes two models.
    """
    return await _move(services, market, version, Move.PROMOTE, role, body.reason)


@router.post("/{version}/canary", operation_id="canaryRelease", responses=_MOVED)
async def canary(
    services: ServicesDep, role: Releaser, version: Version, body: Trying, market: Market = None
) -> ReleaseBody:
    """Show a version to a share of the diners, always the same ones; guardrails take it back where it does harm.

    Another share begins another trial. Refused while the market is frozen.
    """
    return await _move(services, market, version, Move.CANARY, role, body.reason, body.share)


@router.post("/{version}/shadow", operation_id="shadowRelease", responses=_MOVED)
async def shadow(
    services: ServicesDep, role: Releaser, version: Version, body: Trying, market: Market = None
) -> ReleaseBody:
    """Let a version rank a share of the lists behind the answers, without showing any. Refused while frozen."""
    return await _move(services, market, version, Move.SHADOW, role, body.reason, body.share)


@router.post("/{version}/rollback", operation_id="rollbackRelease", responses=_MOVED)
async def rollback(
    services: ServicesDep, role: Releaser, version: Version, body: Moving, market: Market = None
) -> ReleaseBody:
    """Go back to a version that was champion; what is taken back for it is `rolled-back`. Always possible.

    Naming the champion itself ends a trial in the same way.
    """
    return await _move(services, market, version, Move.ROLLBACK, role, body.reason)


@router.post("/{version}/withdraw", operation_id="withdrawRelease", responses=_MOVED)
async def withdraw(
    services: ServicesDep, role: Releaser, version: Version, body: Moving, market: Market = None
) -> ReleaseBody:
    """End a trial without blame: the version waits again. Always possible."""
    return await _move(services, market, version, Move.WITHDRAW, role, body.reason)


@router.post("/{version}/reject", operation_id="rejectRelease", responses=_MOVED)
async def reject(
    services: ServicesDep, role: Releaser, version: Version, body: Moving, market: Market = None
) -> ReleaseBody:
    """Rule a version out for good; the champion cannot be."""
    return await _move(services, market, version, Move.REJECT, role, body.reason)


async def _move(
    services: Services, market: str | None, version: str, move: Move, role: Role, reason: str, share: float = 0.0
) -> ReleaseBody:
    named = market_named(services, market)
    with _problems():
        release = await services.in_thread(
            services.releases.move, named, version, move, role=role.value, reason=reason, share=share
        )
    return ReleaseBody.of(release, ndcg_of(release.version))


@contextmanager
def _problems() -> Iterator[None]:
    """What the store refuses, as the problem that the client sees."""
    try:
        yield
    except UnknownVersion as error:
        raise NotFound(str(error)) from None
    except ReleaseRefused as error:
        raise Conflict(str(error)) from None
    except Frozen as error:
        raise Conflict(str(error), freezes=freeze_reasons(error.freezes), queue=error.queue) from None
