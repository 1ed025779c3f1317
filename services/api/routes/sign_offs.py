"""Sign-offs: each seat for itself, until a version of a policy has them all; and what a seat is about to sign."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from services.access.roles import Role
from services.api.asking import market_named
from services.api.dependencies import ServicesDep
from services.api.examples import answers
from services.api.problems import Conflict, NotFound
from services.api.reasons import ReasonDep
from services.api.routes.policies import Market, PolicyName
from services.api.security import READERS, SIGNERS, require
from services.api.sign_off_schemas import DifferencePage, SignOffBody, SignOffWrite, VersionNumber
from services.stakeholders.differences import differences
from services.stakeholders.policies import PolicyNotFound
from services.stakeholders.sign_offs import SignOffRefused

router = APIRouter(prefix="/v1/policies/{name}", tags=["policies"], dependencies=[Depends(require(READERS))])


@router.get("/sign-offs", operation_id="getSignOffs", responses=answers(SignOffBody, 404, 410, 422, 503))
async def sign_offs(
    services: ServicesDep,
    name: PolicyName,
    market: Market = None,
    version: Annotated[VersionNumber | None, Query(description="By default the newest.")] = None,
) -> SignOffBody:
    """Who has signed a version, and who has to yet."""
    named = market_named(services, market)
    with _problems():
        return SignOffBody.of(await services.in_thread(services.sign_offs.of, named, name, version))


@router.post("/sign-offs", operation_id="signPolicy", responses=answers(SignOffBody, 400, 404, 410, 409, 413, 422, 503))
async def sign(
    services: ServicesDep,
    role: Annotated[Role, Depends(require(SIGNERS))],
    name: PolicyName,
    body: SignOffWrite,
    market: Market = None,
) -> SignOffBody:
    """Sign a version for the seat whose key this is.

    The last signature activates the version. Where a freeze or another champion holds that back, the signature is kept
    and `held_back` says what is waited for. Signing again changes nothing.
    """
    named = market_named(services, market)
    with _problems():
        signed = await services.in_thread(services.sign_offs.sign, named, name, body.version, role.value, body.reason)
    return SignOffBody.of(signed)


@router.delete("/sign-offs", operation_id="withdrawSignOff", responses=answers(SignOffBody, 404, 410, 409, 422, 503))
async def withdraw(
    services: ServicesDep,
    role: Annotated[Role, Depends(require(SIGNERS))],
    name: PolicyName,
    version: Annotated[VersionNumber, Query()],
    reason: ReasonDep,
    market: Market = None,
) -> SignOffBody:
    """Take back the signature of the seat whose key this is, while the version is not active."""
    named = market_named(services, market)
    with _problems():
        left = await services.in_thread(services.sign_offs.withdraw, named, name, version, role.value, reason)
    return SignOffBody.of(left)


@router.get(
    "/versions/{before}/diff/{after}",
    operation_id="diffPolicies",
    responses=answers(DifferencePage, 404, 410, 422, 503),
)
async def diff(
    services: ServicesDep,
    name: PolicyName,
    before: Annotated[VersionNumber, Path()],
    after: Annotated[VersionNumber, Path()],
    market: Market = None,
    against: Annotated[
        str | None, Query(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$", description="Another policy, whose version `after` is.")
    ] = None,
) -> DifferencePage:
    """What a change of versions changes: each dial, from what, to what, in words with units."""
    named = market_named(services, market)
    with _problems():
        old = await services.in_thread(services.policies.version, named, name, before)
        new = await services.in_thread(services.policies.version, named, against or name, after)
    return DifferencePage.of(named, name, before, after, differences(old.policy, new.policy))


@contextmanager
def _problems() -> Iterator[None]:
    """What the store refuses, as the problem that the client sees."""
    try:
        yield
    except PolicyNotFound as error:
        raise NotFound(str(error)) from None
    except SignOffRefused as error:
        raise Conflict(str(error)) from None
