"""Demands and negotiations over HTTP: each seat for itself, what if and for real, over a front that has been kept."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest
from fastapi.testclient import TestClient

from services.access.roles import SEATS
from services.audit.trail import AuditTrail
from services.clock import Clock
from services.database.engine import open_database
from services.settings import Settings
from services.stakeholders.fronts import FrontStore
from services.stakeholders.negotiation.front import Front
from tests.api.conftest import running
from tests.conftest import SmallCity
from tests.stakeholders.fronts import front, town

Call = Callable[..., httpx2.Response]
MODEST = {"limits": [{"measure": "orders_per_1000", "at_least": 700}]}
IMMODEST = {"limits": [{"measure": "fee_revenue_per_1000", "at_least": 1_000_000}]}


def kept(home: Path, market: str, evaluated: Front) -> None:
    engine = open_database(Settings(home=home).resolved_database_url)
    FrontStore(engine, AuditTrail(engine, Clock())).put(market, evaluated, "admin")
    engine.dispose()


@pytest.fixture
def table(fresh_home: Path, small_city: SmallCity) -> Iterator[Callable[[str], Call]]:
    """A server of its own, with a front: `table("sales")("GET", "/v1/demands")`."""
    with running(fresh_home) as client:
        kept(fresh_home, small_city.market, front(town(), town(8, days=182)))
        yield calls(client, small_city)


def calls(client: TestClient, city: SmallCity) -> Callable[[str], Call]:
    def of(role: str) -> Call:
        bearer = {"Authorization": f"Bearer {city.keys[role]}"}

        def call(method: str, path: str, headers: dict[str, str] | None = None, **options: object) -> httpx2.Response:
            return client.request(method, path, headers={**bearer, **(headers or {})}, **options)  # type: ignore[arg-type]

        return call

    return of


def test_a_seat_demands_for_itself_and_nobody_for_another(table: Callable[[str], Call]) -> None:
    for role in ("admin", "auditor", "app", *SEATS):
        for seat in SEATS:
            answer = table(role)("PUT", f"/v1/demands/{seat}", json=MODEST)
            expected = 200 if role == seat else 403
            assert answer.status_code == expected, (role, seat, answer.text)
    assert "takes the seat's own key" in table("sales")("PUT", "/v1/demands/product", json=MODEST).json()["detail"]
    assert table("sales")("PUT", "/v1/demands/diners", json=MODEST).status_code == 403
    assert table("sales")("PUT", "/v1/demands/nobody", json=MODEST).status_code == 404
    items = table("auditor")("GET", "/v1/demands").json()["items"]
    assert [item["seat"] for item in items] == sorted(SEATS)
    trail = table("auditor")("GET", "/v1/audit-trail").json()
    assert trail["verified"] is True
    assert {(item["role"], item["subject"]) for item in trail["items"] if item["action"] == "demand.put"} == {
        (seat, seat) for seat in SEATS
    }


def test_a_demand_is_changed_by_who_has_seen_it(table: Callable[[str], Call]) -> None:
    sales = table("sales")
    assert sales("GET", "/v1/demands/sales").status_code == 404
    made = sales("PUT", "/v1/demands/sales", json=MODEST)
    assert (made.status_code, made.headers["etag"], made.json()["version"]) == (200, '"1"', 1)
    assert sales("PUT", "/v1/demands/sales", json=IMMODEST).status_code == 428
    assert sales("PUT", "/v1/demands/sales", json=IMMODEST, headers={"If-Match": '"4"'}).status_code == 412
    changed = sales("PUT", "/v1/demands/sales", json=IMMODEST, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    read = table("product")("GET", "/v1/demands/sales")
    assert (read.headers["etag"], read.json()["limits"][0]["at_least"]) == ('"2"', 1_000_000.0)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"limits": [{"measure": "fees", "at_least": 1}]}, "there is no measure 'fees'; there are"),
        ({"limits": [{"measure": "ndcg@10"}]}, "give at_least or at_most"),
        ({"limits": [{"measure": "ndcg@10", "at_least": 1e300}]}, "at_least"),
        ({"limits": [{"measure": "ndcg@10", "at_least": 1}] * 21}, "at most 20 items"),
        ({"limit": []}, "limit: Extra inputs"),
        ({"note": "x" * 501}, "note"),
        ({"weight": -1}, "weight"),
    ],
)
def test_a_bad_demand_is_refused_in_words(as_role: Callable[[str], Call], body: object, words: str) -> None:
    refused = as_role("sales")("PUT", "/v1/demands/sales", json=body)
    assert refused.status_code == 422
    assert words in refused.text


def test_without_a_front_the_mend_is_told(as_role: Callable[[str], Call]) -> None:
    refused = as_role("product")("POST", "/v1/negotiations", json={})
    assert refused.status_code == 404
    assert "`tablestakes negotiate --market" in refused.json()["detail"]


def test_a_what_if_is_answered_and_not_kept(table: Callable[[str], Call], small_city: SmallCity) -> None:
    product = table("product")
    answer = product("POST", "/v1/negotiations", json={"demands": {"product": MODEST}, "market": small_city.market})
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["negotiation_id"], body["policy"]) == (None, None)
    assert set(body["settlement"]["shares"]) == set(SEATS)
    assert body["evaluated"]["age_seconds"] > 0
    assert body["evaluated"]["front_id"] == "0" * 16
    assert body["basis"]["days"] == 182
    blocked = product("POST", "/v1/negotiations", json={"demands": {"sales": IMMODEST, "product": MODEST}}).json()
    assert blocked["settlement"] is None
    assert blocked["infeasible"]["blocking"] == ["sales"]
    assert blocked["infeasible"]["relaxation"]["limits"][0]["seat"] == "sales"
    assert product("GET", "/v1/negotiations").json()["items"] == []
    assert product("GET", "/v1/policies").json()["items"][0]["name"] == "balanced"
    assert len(product("GET", "/v1/policies").json()["items"]) == 1


def test_a_negotiation_for_real_is_kept_and_its_settlement_can_be_read_as_a_policy(
    table: Callable[[str], Call],
) -> None:
    product = table("product")
    product("PUT", "/v1/demands/product", json={**MODEST, "note": "the target"}, headers={"X-Reason": "winter"})
    answer = product("POST", "/v1/negotiations", json={}, headers={"X-Reason": "a new men%C3%BC"})
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["demands"]["product"]["limits"][0]["at_least"] == 700.0
    named = body["policy"]
    policy = product("GET", f"/v1/policies/{named['name']}")
    assert (policy.status_code, policy.json()["active"]) == (200, False)
    again = product("GET", f"/v1/negotiations/{body['negotiation_id']}")
    assert (again.status_code, again.json()) == (200, body)
    assert product("GET", "/v1/negotiations").json()["items"] == [body]
    assert table("sales")("POST", "/v1/negotiations", json={}).json() == body
    trail = table("auditor")("GET", "/v1/audit-trail").json()["items"]
    assert [(item["action"], item["document"]["reason"]) for item in trail[:4]] == [
        ("negotiation.settle", "a new menü"),
        ("policy.put", "a new menü"),
        ("demand.put", "winter"),
        ("front.put", ""),
    ]


def test_bad_requests_are_refused_in_words(table: Callable[[str], Call]) -> None:
    product = table("product")
    for body, status, words in (
        ({"front_id": "2" * 16}, 404, "no front 2222"),
        ({"front_id": "x"}, 422, "front_id"),
        ({"market": "nowhere"}, 404, "no market 'nowhere'"),
        ({"demands": {"diners": MODEST}}, 422, "demands.diners: no seat that demands; there are"),
        ({"demands": {"product": {"limits": [{"measure": "latency_p99_ms", "at_most": 9}]}}}, 422, "has not measured"),
    ):
        refused = product("POST", "/v1/negotiations", json=body)
        assert (refused.status_code, words in refused.json()["detail"]) == (status, True), refused.text
    assert product("GET", f"/v1/negotiations/{'0' * 32}").status_code == 404
    product("PUT", "/v1/demands/product", json={"limits": [{"measure": "latency_p99_ms", "at_most": 9}]})
    stored = product("POST", "/v1/negotiations", json={})
    assert (stored.status_code, "has not measured" in stored.text) == (409, True)


def test_what_is_settled_and_signed_by_all_makes_the_next_list_and_can_be_replayed(
    table: Callable[[str], Call],
) -> None:
    """From the demands to a list that names the settlement, and that list made again from the trail."""
    table("product")("PUT", "/v1/demands/product", json=MODEST)
    named = table("sales")("POST", "/v1/negotiations", json={}).json()["policy"]
    path = f"/v1/policies/{named['name']}"
    for number, role in enumerate(SEATS, 1):
        signed = table(role)("POST", f"{path}/sign-offs", json={"version": named["version"], "reason": "agreed"}).json()
        assert signed["active"] is (number == len(SEATS))
    app, until = table("app"), time.monotonic() + 10.0
    while True:
        answer = app("GET", "/v1/recommendations", params={"user_id": "d0-000001", "k": 5}).json()
        if answer["policy"]["name"] == named["name"]:
            break
        assert time.monotonic() < until, "a process follows within a second"
        time.sleep(0.1)
    until = time.monotonic() + 10.0
    while (again := table("auditor")("GET", f"/v1/replays/{answer['request_id']}")).status_code == 404:
        assert time.monotonic() < until, "the list is written behind the answer"
        time.sleep(0.1)
    assert again.json()["identical"] is True
    assert again.json()["response"] == answer
    actions = [item["action"] for item in table("auditor")("GET", "/v1/audit-trail").json()["items"]]
    assert actions[:2] == ["policy.activate", "policy.sign"]
    assert actions.count("policy.sign") == len(SEATS)
