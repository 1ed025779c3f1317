"""Sold places over HTTP: labelled, explained to the bit, logged with their price, and gone when money is off."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import ValidationError
from sqlalchemy import select

from services.ads.campaign import MICRO, Campaign
from services.api.schemas import Recommendations
from services.audit.documents import read_document
from services.audit.trail import AuditTrail
from services.bootstrap import Services
from services.clock import Clock
from services.database.engine import open_database
from services.database.schema import ad_impressions, campaign_hours, market_hours
from services.database.transactions import reading
from services.ranking.replay import PastAuction
from services.serving.preview import preview
from services.serving.served_document import terms_of
from services.settings import Settings
from services.stakeholders.policies import PolicyStore
from services.stakeholders.policy import AdPolicy, Policy
from tests.api.conftest import running
from tests.conftest import SmallCity

TRUSTING = AdPolicy(money=0.004, max_calibration_error=1.0)
"""The small city's model is trained on ten days: its error is not what is tested here."""


def store_policies(home: Path, market: str) -> None:
    """The trusting policy is active; beside it one that sells nothing and one that trusts no model."""
    engine, clock = open_database(Settings(home=home).resolved_database_url), Clock()
    store = PolicyStore(engine, AuditTrail(engine, clock), clock)
    store.put(market, Policy(ads=TRUSTING), 1, "sales")
    store.put(market, Policy(name="organic", ads=AdPolicy(money=0.0)), None, "sales")
    store.put(market, Policy(name="strict", ads=AdPolicy(max_calibration_error=1e-9)), None, "sales")
    store.activate(market, "balanced", None, "admin", override=True)
    engine.dispose()


@pytest.fixture(scope="module")
def selling(small_city: SmallCity, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """An application in which every third restaurant advertises."""
    home = tmp_path_factory.mktemp("selling") / "home"
    shutil.copytree(small_city.home, home, ignore=shutil.ignore_patterns("redis"))
    store_policies(home, small_city.market)
    with running(home, refresh_seconds=0.1) as client:
        client.headers["Authorization"] = f"Bearer {small_city.keys['app']}"
        services = services_of(client)
        for number, restaurant in enumerate(services.catalogue.restaurants(small_city.market)[::3]):
            by_order = number % 2 == 1
            campaign = Campaign(
                campaign_id=f"c{number:03d}",
                market=small_city.market,
                restaurant_id=restaurant.restaurant_id,
                payer=f"Payer of {restaurant.name}"[:200],
                bid=300 if by_order else 60,
                billing="order" if by_order else "click",
                daily_budget=10_000,
                total_budget=100_000,
            )
            services.campaigns.put(campaign, None, "sales")
        until(lambda: len(services.state.snapshots[small_city.market].book.campaigns) == 50)
        until(lambda: services.state.live(small_city.market).offers is not None)
        yield client


def services_of(client: TestClient) -> Services:
    services: Services = client.app.state.services  # type: ignore[attr-defined]
    return services


def until(condition: Any, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def lists(client: TestClient, count: int = 20, **query: Any) -> list[dict[str, Any]]:
    """Lists of several diners."""
    found = []
    for number in range(1, count + 1):
        answer = client.get("/v1/recommendations", params={"user_id": f"d0-{number:06d}", "k": 10, **query})
        assert answer.status_code == 200, answer.text
        Recommendations.model_validate_json(answer.content)
        found.append(answer.json())
    return found


def sold_in(answer: dict[str, Any]) -> list[dict[str, Any]]:
    return [item for item in answer["items"] if item["sponsored"]]


def test_sold_places_are_labelled_and_the_unlabelled_order_is_the_organic_one(selling: TestClient) -> None:
    answers, organic = lists(selling, explain="full"), lists(selling, policy="organic")
    assert sum(len(sold_in(answer)) for answer in answers) > 10
    for answer, without in zip(answers, organic, strict=True):
        assert not sold_in(without)
        ids = [item["restaurant_id"] for item in without["items"]]
        unlabelled = [item["restaurant_id"] for item in answer["items"] if not item["sponsored"]]
        assert unlabelled == ids[: len(unlabelled)]
        for item in answer["items"]:
            total = 0.0
            for term in item["explanation"]["terms"]:
                total += term["value"]
            assert total == item["score"]
            if item["sponsored"]:
                assert item["organic_rank"] > 10
                assert item["sponsor"]["payer"].startswith("Payer of")
                assert item["reasons"][0]["code"] == "sponsored"
                assert str(item["organic_rank"]) in item["reasons"][0]["text"]
            else:
                assert ids[item["organic_rank"] - 1] == item["restaurant_id"]
                assert item["sponsor"] is None


def test_a_diner_who_asks_for_no_ads_gets_the_organic_list(selling: TestClient) -> None:
    for without, organic in zip(lists(selling, ads="false"), lists(selling, policy="organic"), strict=True):
        assert not sold_in(without)
        assert [(item["restaurant_id"], item["score"]) for item in without["items"]] == [
            (item["restaurant_id"], item["score"]) for item in organic["items"]
        ]


def test_the_label_is_there_whether_or_not_reasons_are_asked_for(selling: TestClient) -> None:
    for answer in lists(selling, explain="none"):
        for item in answer["items"]:
            assert [reason["code"] for reason in item["reasons"]] == (["sponsored"] if item["sponsored"] else [])


@pytest.mark.parametrize("missing", ["sponsor", "reasons", "organic_rank"])
def test_the_schema_does_not_let_a_sold_place_go_unlabelled(selling: TestClient, missing: str) -> None:
    answer = next(answer for answer in lists(selling) if sold_in(answer))
    Recommendations.model_validate(answer)
    del sold_in(answer)[0][missing]
    with pytest.raises(ValidationError):
        Recommendations.model_validate(answer)


def test_with_money_off_nobody_is_sold_a_place(selling: TestClient) -> None:
    assert not any(sold_in(answer) for answer in lists(selling, policy="organic"))
    assert not any(sold_in(answer) for answer in lists(selling, policy="strict"))


def test_explanations_of_the_past_say_where_it_would_stand_without_payment(selling: TestClient) -> None:
    answer = next(answer for answer in lists(selling) if sold_in(answer))
    item = sold_in(answer)[0]
    query = {"request_id": answer["request_id"], "restaurant_id": item["restaurant_id"]}
    explained = selling.get("/v1/explanations", params=query).json()
    assert explained["rank"] == item["rank"]
    assert explained["without_payment"] == {"rank": item["organic_rank"]}
    terms = {term["name"]: term["value"] for term in explained["terms"]}
    assert terms["payment"] > 0.0
    assert explained["score"] == item["score"]


def test_what_was_sold_is_stored_with_its_price_and_can_be_held_again(
    selling: TestClient, small_city: SmallCity
) -> None:
    services = services_of(selling)
    answers = lists(selling)
    services.served.flush()
    snapshot = services.state.snapshots[small_city.market]
    by_id = {campaign.campaign_id: campaign for campaign in snapshot.book.campaigns}
    engine = open_database(services.settings.resolved_database_url)
    with reading(engine) as connection:
        rows = connection.execute(select(ad_impressions)).all()
        requests = connection.execute(select(market_hours.c.requests)).scalars().all()
        counted = connection.execute(select(campaign_hours)).all()
    engine.dispose()
    stored = {(row.request_id, row.rank): row for row in rows}
    selling_policy = snapshot.selling["balanced"]
    assert selling_policy is not None
    compared = 0
    for answer in answers:
        served = services.served.get(answer["request_id"])
        assert served is not None
        document = read_document(served.document)
        past = PastAuction.of(document, terms_of(document))
        for item in sold_in(answer):
            row = stored[answer["request_id"], item["rank"]]
            campaign = by_id[row.campaign_id]
            assert (row.restaurant_id, row.user_id) == (item["restaurant_id"], answer["user_id"])
            assert (5 if row.billing == "click" else 50) * MICRO <= row.price <= campaign.bid * MICRO
            assert past is not None
            again = past.expected(row.campaign_id, campaign.bid, selling_policy)
            assert again.impressions == 1
            assert again.spend / again.billed * MICRO == pytest.approx(row.price, abs=2)
            compared += 1
        if past is not None:
            shown = {stored[answer["request_id"], item["rank"]].campaign_id for item in sold_in(answer)}
            for name in set(past.campaign_ids) - shown:
                assert past.expected(name, by_id[name].bid, selling_policy).impressions == 0
    assert compared > 10
    assert sum(requests) >= len(answers)
    assert all(
        row.auctions == row.shown + row.lost_to_budget + row.lost_to_floor + row.lost_to_price for row in counted
    )
    assert sum(row.shown for row in counted) == len(rows)


def test_a_preview_of_the_same_bid_is_what_happened_and_of_a_higher_one_is_not_less(
    selling: TestClient, small_city: SmallCity
) -> None:
    services = services_of(selling)
    lists(selling)
    services.served.flush()
    snapshot = services.state.snapshots[small_city.market]
    engine = open_database(services.settings.resolved_database_url)
    with reading(engine) as connection:
        shown = dict(connection.execute(select(campaign_hours.c.campaign_id, campaign_hours.c.shown)).all())
    for campaign in snapshot.book.campaigns[:10]:
        found = preview(services.served, snapshot, campaign, campaign.bid * 3, 10_000, services.clock.now())
        assert found is not None
        assert found.replayed == found.lists
        # Lists under the policy that sells nothing held no auction; the others are held again as they were.
        assert found.now.impressions.value == pytest.approx(shown.get(campaign.campaign_id, 0))
        assert found.proposed.impressions.value >= found.now.impressions.value
        assert found.proposed.billed.value >= found.now.billed.value
        assert found.proposed.spend_within_budget <= 10_000
    engine.dispose()


def test_a_preview_is_asked_for_over_http_and_writes_nothing(selling: TestClient, small_city: SmallCity) -> None:
    sales = {"Authorization": f"Bearer {small_city.keys['sales']}"}
    services = services_of(selling)
    lists(selling, 5)
    services.served.flush()
    before = services.campaigns.version(small_city.market), len(services.trail.page())
    campaign = services.state.snapshots[small_city.market].book.campaigns[0]
    path = f"/v1/campaigns/{campaign.campaign_id}/preview"
    body = selling.post(path, json={"bid": campaign.bid * 2}, headers=sales).json()
    assert (body["now"]["bid"], body["proposed"]["bid"]) == (campaign.bid, campaign.bid * 2)
    assert body["replayed"] == body["lists"] > 0
    assert selling.post(path, json={"bid": 1}).status_code == 403
    assert selling.post(path, json={"bid": 0}, headers=sales).status_code == 422
    assert selling.post("/v1/campaigns/none/preview", json={"bid": 1}, headers=sales).status_code == 404
    assert (services.campaigns.version(small_city.market), len(services.trail.page())) == before


def test_every_answer_names_its_policy(selling: TestClient) -> None:
    assert {answer["policy"]["name"] for answer in lists(selling, 2, policy="organic")} == {"organic"}
