"""Who may call what: every operation of the OpenAPI with every role, with no key, and with wrong ones."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest
from fastapi.testclient import TestClient

from services.access.roles import Role

EVERYONE = set(Role)
APP, SALES = {Role.APP, Role.ADMIN}, {Role.SALES, Role.ADMIN}
RELEASERS = {Role.INFRA, Role.ADMIN}
READERS = EVERYONE - {Role.APP}

RIGHTS: dict[str, set[Role]] = {
    "getRecommendations": EVERYONE,
    "rankCandidates": EVERYONE,
    "getExplanation": EVERYONE,
    "postEvents": APP,
    "listMarkets": EVERYONE,
    "listRestaurants": EVERYONE,
    "getRestaurant": EVERYONE,
    "listSimilarRestaurants": EVERYONE,
    "listPopular": EVERYONE,
    "searchRestaurants": EVERYONE,
    "putRestaurant": SALES,
    "listCampaigns": READERS,
    "getCampaign": READERS,
    "putCampaign": SALES,
    "closeCampaign": SALES,
    "getCampaignReport": READERS,
    "previewCampaign": SALES,
    "listPolicies": READERS,
    "getPolicy": READERS,
    "listPolicyVersions": READERS,
    "putPolicy": READERS - {Role.AUDITOR},
    "activatePolicy": {Role.ADMIN},
    "listDemands": READERS,
    "getDemand": READERS,
    "putDemand": READERS - {Role.AUDITOR, Role.ADMIN},
    "startNegotiation": READERS - {Role.AUDITOR},
    "listNegotiations": READERS,
    "getNegotiation": READERS,
    "listReleases": READERS,
    "promoteRelease": RELEASERS,
    "canaryRelease": RELEASERS,
    "shadowRelease": RELEASERS,
    "rollbackRelease": RELEASERS,
    "withdrawRelease": RELEASERS,
    "rejectRelease": RELEASERS,
    "getFreeze": READERS,
    "putFreeze": RELEASERS,
    "liftFreeze": RELEASERS,
    "getFreezeBounds": READERS,
    "putFreezeBounds": {Role.INFRA},
    "getFreezeCalendar": READERS,
    "putFreezeCalendar": {Role.INFRA},
    "startRetraining": {Role.ML, Role.ADMIN},
    "listRetrainingRuns": READERS,
    "getRetrainingRun": READERS,
    "getAuditTrail": {Role.AUDITOR, Role.ADMIN},
    "listUsers": EVERYONE,
    "putUser": APP,
    "getUser": APP,
    "eraseUser": APP,
}
PUBLIC = {"getLiveness", "getReadiness"}


def operations(server: TestClient) -> Iterator[tuple[str, str, str]]:
    for path, methods in server.get("/openapi.json").json()["paths"].items():
        for method, operation in methods.items():
            yield operation["operationId"], method.upper(), re.sub(r"{\w+}", "nothing", path)


def test_the_table_of_rights_is_complete(server: TestClient) -> None:
    assert {name for name, _, _ in operations(server)} == set(RIGHTS) | PUBLIC


@pytest.mark.parametrize("role", list(Role))
def test_each_role_may_do_what_the_table_says(
    server: TestClient, as_role: Callable[[str], Callable[..., httpx2.Response]], role: Role
) -> None:
    """Rights are looked at before the request is, so an empty request tells them apart."""
    call = as_role(role)
    for name, method, path in operations(server):
        status = call(method, path).status_code
        if name in PUBLIC or role in RIGHTS[name]:
            assert status not in (401, 403), (name, role)
        else:
            assert status == 403, (name, role)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Basic YTpi"},
        {"Authorization": "Bearer " + "x" * 7_000},
        {"Authorization": "Bearer \xff\xfe".encode("latin-1")},
    ],
)
def test_without_a_key_that_is_known_it_is_401(server: TestClient, headers: dict[str, Any]) -> None:
    for name, method, path in operations(server):
        if name not in PUBLIC:
            answer = server.request(method, path, headers=headers)
            assert answer.status_code == 401, name
            assert answer.headers["www-authenticate"] == "Bearer"
            assert answer.headers["content-type"] == "application/problem+json"


def test_a_key_is_never_shown(server: TestClient, small_city: Any, capfd: pytest.CaptureFixture[str]) -> None:
    key = small_city.keys["app"]
    shown = [
        server.get("/v1/markets", headers={"Authorization": f"Bearer {key}x"}).text,
        server.get(f"/v1/recommendations?user_id={key}", headers={"Authorization": f"Basic {key}"}).text,
        *capfd.readouterr(),
    ]

    assert not any(key in text for text in shown)
