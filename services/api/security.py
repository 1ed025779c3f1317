"""Who may call what: bearer keys, roles, and the one table of rights."""

from collections.abc import Callable, Iterator
from typing import Annotated, Final

from fastapi import Depends, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from services.access.keys import KeyRing
from services.access.rates import COSTS, RateLimits, Standing
from services.access.roles import SEATS, Role
from services.api.problems import Forbidden, TooManyRequests, Unauthorized
from services.bootstrap import Services

ANYONE_WITH_A_KEY: Final = frozenset(Role)
DINER_APP: Final = frozenset({Role.APP, Role.ADMIN})
CATALOGUE: Final = frozenset({Role.SALES, Role.ADMIN})
CAMPAIGNS: Final = frozenset({Role.SALES, Role.ADMIN})
READERS: Final = frozenset({Role.AUDITOR, Role.ADMIN, *SEATS})
RETRAINERS: Final = frozenset({Role.ML, Role.ADMIN})
AUDITORS: Final = frozenset({Role.AUDITOR, Role.ADMIN})
POLICY_WRITERS: Final = frozenset({Role.ADMIN, *SEATS})
SIGNERS: Final = frozenset(SEATS)
"""Who signs policies: each seat for itself, and nobody for another."""
ACTIVATORS: Final = frozenset({Role.ADMIN, *SEATS})
"""Who activates what all seats have signed; only the admin goes without signatures."""
NEGOTIATORS: Final = frozenset({Role.ADMIN, *SEATS})
"""Who negotiates for real; all who read may ask what if."""
DEMANDERS: Final = frozenset(SEATS)
"""Who may demand, each for itself: nobody demands for another seat, not the admin either."""
RELEASERS: Final = frozenset({Role.INFRA, Role.ADMIN})
RULE_WRITERS: Final = frozenset({Role.INFRA})
"""Who approves what a freeze lets through: the seat that answers for it, and nobody for it."""
READERS_OF_DINERS: Final = frozenset({Role.APP, Role.AUDITOR, Role.ADMIN, *SEATS})

_BEARER = b"bearer "


def role_of(authorization: bytes, keys: KeyRing, allowed: frozenset[Role]) -> Role:
    """The role behind an `Authorization` header; raise Unauthorized or Forbidden."""
    if authorization[:7].lower() != _BEARER:
        raise Unauthorized("send the header 'Authorization: Bearer <key>'; keys.json in the home has the keys")
    role = keys.role_of(authorization[7:].strip())
    if role is None:
        raise Unauthorized("the key is not known, or it has been rotated")
    if role not in allowed:
        raise Forbidden(f"the role {role} may not do this; it takes {' or '.join(sorted(allowed))}")
    return role


def charge(rates: RateLimits, role: Role, operation: str = "") -> Standing | None:
    """Count a request for the caller's key; raise TooManyRequests where it has asked for too much. None: no limit."""
    standing = rates.take(role, COSTS.get(operation, 1))
    if standing is not None and standing.refused:
        headers = {name.decode(): value.decode() for name, value in standing.headers()}
        raise TooManyRequests(
            f"the key of {role} may ask for {standing.per_second:g} requests a second, {standing.burst} at once; "
            "wait as long as Retry-After says",
            {"Retry-After": str(standing.retry_after_seconds), **headers},
        )
    return standing


def require(allowed: frozenset[Role]) -> Callable[..., Role]:
    """A dependency that lets these roles through and answers with the caller's."""
    scheme = HTTPBearer(auto_error=False, description="A role's key from keys.json")

    def check(request: Request, _: Annotated[HTTPAuthorizationCredentials | None, Depends(scheme)]) -> Role:
        services: Services = request.app.state.services
        role = role_of(request.headers.get("authorization", "").encode("latin-1"), services.keys, allowed)
        if not hasattr(request.state, "standing"):  # a route may ask twice for a key, and is paid for once
            operation = getattr(request.scope.get("route"), "operation_id", None)
            request.state.standing = charge(services.rates, role, operation or "")
        return role

    check.allowed = allowed  # type: ignore[attr-defined]
    return check


def rights_of(route: APIRoute) -> frozenset[Role] | None:
    """The roles that may call a route, as its dependencies have it; None where no key is asked for."""
    asked = [rights for one in _flat(route.dependant) if (rights := getattr(one.call, "allowed", None)) is not None]
    return frozenset.intersection(*asked) if asked else None


def _flat(dependant: Dependant) -> Iterator[Dependant]:
    yield dependant
    for one in dependant.dependencies:
        yield from _flat(one)
