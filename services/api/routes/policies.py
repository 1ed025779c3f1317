"""Policies: what makes the lists, in versions, one of them active in each market."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response

from services.access.roles import Role
from services.api.asking import market_named
from services.api.dependencies import ServicesDep
from services.api.examples import answers
from services.api.policy_schemas import Activation, PolicyBody, PolicyPage
from services.api.preconditions import IfMatch, etag, seen_version
from services.api.problems import Conflict, Forbidden, NotFound, PreconditionFailed, Unprocessable
from services.api.reasons import ReasonDep
from services.api.release_schemas import freeze_reasons
from services.api.security import ACTIVATORS, POLICY_WRITERS, READERS, require
from services.bootstrap import Services
from services.catalogue.records import MarketKey
from services.releases.freeze import OutsideBounds
from services.stakeholders.policies import NotSigned, PolicyNotFound, PolicyVersionMismatch, StoredPolicy, WrongModel
from services.stakeholders.policy import Policy, PolicyDials

router = APIRouter(prefix="/v1/policies", tags=["policies"], dependencies=[Depends(require(READERS))])

PolicyName = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
Market = Annotated[MarketKey | None, Query(description="May be left out where there is one market.")]


@router.get("", operation_id="listPolicies", responses=answers(PolicyPage, 404, 410, 422, 503))
async def policies(services: ServicesDep, market: Market = None) -> PolicyPage:
    """The newest version of each policy of a market, and which one is active."""
    named = market_named(services, market)
    stored, active = await services.in_thread(services.policies.newest, named)
    return PolicyPage.of(named, stored, active)


@router.get("/{name}", operation_id="getPolicy", responses=answers(PolicyBody, 404, 410, 422, 503))
async def policy(services: ServicesDep, response: Response, name: PolicyName, market: Market = None) -> PolicyBody:
    """The newest version; `ETag` is what a change has to send as `If-Match`."""
    named = market_named(services, market)
    versions = await _versions(services, named, name)
    return await _answer(services, response, named, versions[0])


@router.get("/{name}/versions", operation_id="listPolicyVersions", responses=answers(PolicyPage, 404, 410, 422, 503))
async def policy_versions(services: ServicesDep, name: PolicyName, market: Market = None) -> PolicyPage:
    """All versions of a policy, newest first."""
    named = market_named(services, market)
    versions = await _versions(services, named, name)
    _, active = await services.in_thread(services.policies.newest, named)
    return PolicyPage.of(named, versions, active)


@router.put(
    "/{name}", operation_id="putPolicy", responses=answers(PolicyBody, 400, 404, 410, 409, 412, 413, 422, 428, 503)
)
async def put_policy(
    services: ServicesDep,
    response: Response,
    role: Annotated[Role, Depends(require(POLICY_WRITERS))],
    name: PolicyName,
    body: PolicyDials,
    market: Market = None,
    if_match: IfMatch = None,
    reason: ReasonDep = "",
) -> PolicyBody:
    """Store a new version. It makes lists when it is activated, and before that for requests that name it.

    The same content again keeps its version. While the market is frozen a policy may differ from the active one only in
    dials for which infra has approved bounds, and inside them.
    """
    named = market_named(services, market)
    known = await services.in_thread(services.policies.versions, named, name)
    seen = seen_version(f"policy {name!r}", if_match, known[0].policy.version if known else None)
    try:
        stored = await services.in_thread(services.policies.put, named, Policy.of(name, body), seen, role.value, reason)
    except PolicyVersionMismatch as error:
        raise PreconditionFailed(str(error)) from None
    except OutsideBounds as error:
        raise Conflict(str(error), freezes=freeze_reasons(error.freezes)) from None
    return await _answer(services, response, named, stored)


@router.post(
    "/{name}/activate", operation_id="activatePolicy", responses=answers(PolicyBody, 400, 404, 410, 409, 413, 422, 503)
)
async def activate_policy(
    services: ServicesDep,
    response: Response,
    role: Annotated[Role, Depends(require(ACTIVATORS))],
    name: PolicyName,
    body: Activation,
    market: Market = None,
) -> PolicyBody:
    """Let a version make the market's lists; processes follow within a second.

    Any seat can do this with a version that all seats have signed: to go back to an earlier one, or when what held the
    last signature back is over. Only the admin can go without signatures, by an override that the trail shows as such.
    """
    if body.override and role is not Role.ADMIN:
        raise Forbidden(f"the role {role} may not override the seats' sign-off; it takes {Role.ADMIN}")
    if body.override and not body.reason.strip():
        raise Unprocessable("reason: an override needs one")
    named = market_named(services, market)
    try:
        stored = await services.in_thread(
            services.policies.activate,
            named,
            name,
            body.version,
            role.value,
            reason=body.reason,
            override=body.override,
        )
    except PolicyNotFound as error:
        raise NotFound(str(error)) from None
    except NotSigned as error:
        raise Conflict(f"{error}: they sign by POST /v1/policies/{name}/sign-offs", missing=error.missing) from None
    except WrongModel as error:
        raise Conflict(str(error)) from None
    except OutsideBounds as error:
        raise Conflict(str(error), freezes=freeze_reasons(error.freezes)) from None
    return await _answer(services, response, named, stored)


async def _versions(services: Services, market: str, name: str) -> list[StoredPolicy]:
    versions = await services.in_thread(services.policies.versions, market, name)
    if not versions:
        raise NotFound(f"market {market} has no policy {name!r}")
    return versions


async def _answer(services: Services, response: Response, market: str, stored: StoredPolicy) -> PolicyBody:
    _, active = await services.in_thread(services.policies.newest, market)
    response.headers["ETag"] = etag(stored.policy.version)
    return PolicyBody.of(market, stored, active)
