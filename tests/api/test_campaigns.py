"""Campaigns over HTTP: written by sales, read by every seat, never over what somebody has not seen."""

import csv
import io
import re
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import insert

from services.clock import Clock
from services.database.engine import open_database
from services.database.schema import ad_impressions, settlements
from services.database.transactions import writing
from services.settings import Settings
from tests.conftest import SmallCity

Call = Callable[..., httpx2.Response]

TERMS: dict[str, Any] = {
    "payer": "Golden Lantern Ltd",
    "bid": 45,
    "billing": "click",
    "daily_budget": 5_000,
    "total_budget": 100_000,
}


@pytest.fixture(scope="session")
def sales(as_role: Callable[[str], Call]) -> Call:
    return as_role("sales")


@pytest.fixture
def campaign(sales: Call, small_city: SmallCity, request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a campaign that this test may make; it is closed afterwards."""
    path = "/v1/campaigns/" + re.sub(r"\W+", "-", request.node.name)
    yield path
    left = sales("GET", path)
    if left.status_code == 200:
        sales("DELETE", path, headers={"If-Match": left.headers["etag"]})


def terms(restaurant: int = 1, **changes: Any) -> dict[str, Any]:
    return {**TERMS, "restaurant_id": f"r0-{restaurant:05d}", **changes}


def problem(answer: httpx2.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["detail"]


def test_a_campaign_is_made_changed_closed_and_opened_again(sales: Call, small_city: SmallCity, campaign: str) -> None:
    made = sales("PUT", campaign, json=terms(starts_at="2026-01-10T01:00:00+02:00"))
    read = sales("GET", campaign)
    changed = sales("PUT", campaign, json=terms(bid=46), headers={"If-Match": made.headers["etag"]})
    closed = sales("DELETE", campaign, headers={"If-Match": changed.headers["etag"]})
    opened = sales("PUT", campaign, json=terms(bid=46), headers={"If-Match": closed.headers["etag"]})

    assert [answer.status_code for answer in (made, read, changed, closed, opened)] == [200] * 5
    assert [answer.headers["etag"] for answer in (made, read, changed, closed, opened)] == [
        '"1"', '"1"', '"2"', '"3"', '"4"'
    ]  # fmt: skip
    assert made.json() == read.json()
    expected = {**terms(), "market": small_city.market, "version": 1, "starts_at": "2026-01-09T23:00:00Z"}
    assert {name: made.json()[name] for name in expected} == expected
    assert (changed.json()["bid"], changed.json()["starts_at"]) == (46, None)
    assert closed.json()["closed_at"] == closed.json()["updated_at"]
    assert (opened.json()["closed_at"], opened.json()["version"]) == (None, 4)
    assert opened.json()["created_at"] == made.json()["created_at"]


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_what_exists_is_written_by_those_who_have_seen_it(sales: Call, campaign: str, method: str) -> None:
    sales("PUT", campaign, json=terms(2))
    body = {"json": terms(2, bid=99)} if method == "PUT" else {}

    def status(headers: dict[str, str]) -> int:
        return problem(sales(method, campaign, headers=headers, **body))[0]

    assert status({}) == 428
    assert status({"If-Match": '"7"'}) == 412
    assert status({"If-Match": "1"}) == 412
    assert sales("GET", campaign).json()["bid"] == 45
    assert sales(method, campaign, headers={"If-Match": '"1"'}, **body).status_code == 200


def test_what_is_not_there(sales: Call, campaign: str) -> None:
    assert problem(sales("PUT", campaign, json=terms(), headers={"If-Match": '"1"'}))[0] == 412
    assert problem(sales("GET", campaign))[0] == 404
    assert problem(sales("DELETE", campaign, headers={"If-Match": '"1"'}))[0] == 404
    assert problem(sales("GET", f"{campaign}/report"))[0] == 404
    assert problem(sales("GET", campaign, params={"market": "nowhere"}))[0] == 404
    assert problem(sales("PUT", campaign, json=terms(market="nowhere")))[0] == 404


def test_one_restaurant_is_one_bidder(sales: Call, campaign: str) -> None:
    sales("PUT", campaign, json=terms(3))

    status, detail = problem(sales("PUT", f"{campaign}-again", json=terms(3)))

    assert status == 409
    assert campaign.rpartition("/")[2] in detail
    assert problem(sales("GET", f"{campaign}-again"))[0] == 404


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"restaurant_id": "r9-99999"}, "restaurant_id"),
        ({"bid": 0}, "bid"),
        ({"bid": 0.5}, "bid"),
        ({"bid": 10**30}, "bid"),
        ({"billing": "view"}, "billing"),
        ({"daily_budget": -1}, "daily_budget"),
        ({"total_budget": None}, "total_budget"),
        ({"payer": ""}, "payer"),
        ({"payer": "x" * 201}, "payer"),
        ({"starts_at": "2026-01-09T19:00:00"}, "starts_at"),
        ({"starts_at": "2026-01-09T19:00:00Z", "ends_at": "2026-01-09T19:00:00Z"}, "ends_at"),
        ({"version": 7}, "version"),
    ],
)
def test_what_is_outside_the_schema_is_422(sales: Call, campaign: str, changes: dict[str, Any], place: str) -> None:
    status, detail = problem(sales("PUT", campaign, json=terms(**changes)))

    assert status == 422
    assert place in detail
    assert sales("GET", campaign).status_code == 404


def test_the_list_goes_on_where_it_ended(sales: Call, small_city: SmallCity, campaign: str) -> None:
    name = campaign.rpartition("/")[2]
    for number in range(4, 9):
        sales("PUT", f"/v1/campaigns/list-{name}-{number}", json=terms(number))

    listed: list[str] = []
    cursor = None
    while cursor is not None or not listed:
        page = sales("GET", "/v1/campaigns", params={"limit": 2, **({"cursor": cursor} if cursor else {})}).json()
        assert 1 <= len(page["items"]) <= 2
        listed += [item["campaign_id"] for item in page["items"]]
        cursor = page["next"]

    whole = sales("GET", "/v1/campaigns", params={"limit": 1_000, "market": small_city.market}).json()
    assert listed == sorted(listed) == [item["campaign_id"] for item in whole["items"]]
    assert sum(entry.startswith(f"list-{name}-") for entry in listed) == 5
    assert whole["next"] is None
    for number in range(4, 9):
        sales("DELETE", f"/v1/campaigns/list-{name}-{number}", headers={"If-Match": "*"})


def test_seats_and_the_auditor_read_and_sales_writes(as_role: Callable[[str], Call], campaign: str) -> None:
    as_role("sales")("PUT", campaign, json=terms(10))
    paths = (campaign, "/v1/campaigns", f"{campaign}/report")

    for role in ("ml", "fairness", "auditor", "admin"):
        assert [as_role(role)("GET", path).status_code for path in paths] == [200] * 3
    for role in ("ml", "fairness", "auditor"):
        assert as_role(role)("PUT", campaign, json=terms(10), headers={"If-Match": "*"}).status_code == 403
        assert as_role(role)("DELETE", campaign, headers={"If-Match": "*"}).status_code == 403
    assert [as_role("app")("GET", path).status_code for path in paths] == [403] * 3


def test_a_report_in_both_forms(sales: Call, api_home: Any, small_city: SmallCity, campaign: str) -> None:
    name, now = campaign.rpartition("/")[2], Clock().now()
    sales("PUT", campaign, json=terms(11, payer="=HYPERLINK(1)"))
    own = {"market": small_city.market, "campaign_id": name, "user_id": "d0-000001", "at": now}
    engine = open_database(Settings(home=api_home).resolved_database_url)
    with writing(engine) as connection:
        sold = {"restaurant_id": "r0-00011", "rank": 2, "billing": "click", "price": 20_500_000}
        connection.execute(insert(ad_impressions), [{**own, **sold, "request_id": f"{name}-{n}"} for n in range(3)])
        paid = {"type": "click", "outcome": "charged", "amount": 20_500_000, "settled_at": now}
        connection.execute(insert(settlements), {**own, **paid, "event_id": name})
    engine.dispose()

    report = sales("GET", f"{campaign}/report").json()
    answer = sales("GET", f"{campaign}/report", params={"format": "csv"})

    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert (report["totals"]["impressions"], report["totals"]["billed"]) == (3, 1)
    assert report["totals"]["spend"] == {"micro_units": 20_500_000, "minor_units": 20.5}
    assert report["totals"]["return_on_spend"] == 0.0
    assert len(report["days"]) == len(rows) == 28
    assert report["last_day"] == rows[-1]["day"]
    assert sum(int(row["impressions"]) for row in rows) == 3
    assert {row["payer"] for row in rows} == {"'=HYPERLINK(1)"}
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["content-disposition"]


@pytest.mark.parametrize(
    "query",
    [
        {"from": "2026-01-09", "to": "2026-01-08"},
        {"from": "2020-01-01", "to": "2026-01-01"},
        {"from": "0001-01-01"},
        {"to": "9999-12-31"},
        {"from": "yesterday"},
        {"format": "pdf"},
    ],
)
def test_a_period_that_makes_no_report_is_422(sales: Call, campaign: str, query: dict[str, str]) -> None:
    sales("PUT", campaign, json=terms(12))

    assert problem(sales("GET", f"{campaign}/report", params=query))[0] == 422


def test_a_restaurant_with_a_new_campaign_is_sold_a_place(
    server: TestClient, sales: Call, app: Call, campaign: str
) -> None:
    """Serving follows the store: the snapshot of the market is made anew with the campaign in it."""
    sales("PUT", campaign, json=terms(13, bid=1_000_000, total_budget=10**9, daily_budget=10**9))
    state = server.app.state.services.state  # type: ignore[attr-defined]
    name = campaign.rpartition("/")[2]

    server.portal.call(state.refresh)  # type: ignore[union-attr]

    books = [snapshot.book for snapshot in state.snapshots.values()]
    assert name in [offer.campaign_id for book in books for offer in book.campaigns]
