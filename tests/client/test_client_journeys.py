"""The examples of the client's README, run against a server, and what a client meets on a bad day."""

import asyncio
import re
import types
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from tablestakes_client import AuthenticatedClient, ProblemError
from tablestakes_client.api.campaigns import close_campaign, get_campaign, put_campaign
from tablestakes_client.api.events import post_events
from tablestakes_client.api.policies import get_policy, put_policy
from tablestakes_client.api.recommending import get_recommendations
from tablestakes_client.models import (
    AdPolicy,
    CampaignWrite,
    EventWrite,
    OrganicItem,
    PolicyDials,
    SponsoredItem,
)

from services.access.roles import SEATS
from tests.client.conftest import PROJECT, Api

PAGE = PROJECT / "README.md"


def readme_code() -> str:
    return "\n\n".join(re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL))


@pytest.fixture(scope="module")
def readme() -> Any:
    there = types.ModuleType("readme")
    exec(compile(readme_code(), str(PAGE), "exec"), vars(there))
    return there


def test_a_diner_is_shown_a_list_orders_and_asks_why(api: Api, readme: Any, capsys: pytest.CaptureFixture[str]) -> None:
    client = api.opened.enter_context(readme.connected(api.url, api.keys["app"]))
    diner = api.client("app").get_httpx_client().get("/v1/users").json()["items"][0]["user_id"]
    found = readme.dinner(client, diner)
    assert (found.user_id, found.market, len(found.items)) == (diner, api.market, 10)
    assert all(item.reasons and item.reasons[0].text for item in found.items)

    receipt = readme.ordered(client, found, 1, 2_450)
    assert (receipt.accepted, receipt.duplicates, receipt.rejected) == (2, 0, [])

    told = readme.why(client, found, found.items[0].restaurant_id)
    assert sum(term.value for term in told.terms) == pytest.approx(found.items[0].score, abs=1e-9)
    assert f"{found.items[0].score:.4f} =" in capsys.readouterr().out
    assert readme.name_of(client, found.items[0].restaurant_id) == found.items[0].name
    assert readme.name_of(client, "nowhere") is None


def test_the_seats_demand_agree_and_sign(api: Api, readme: Any) -> None:
    seats = {seat.value: api.opened.enter_context(readme.connected(api.url, api.keys[seat.value])) for seat in SEATS}
    first = readme.demand(seats["product"], "product", "orders_per_1000", 700.0)
    again = readme.demand(seats["product"], "product", "orders_per_1000", 690.0)
    assert again.version == first.version + 1
    agreed = readme.agree(seats)
    assert agreed is not None
    assert (agreed.active, agreed.missing, len(agreed.signed)) == (True, [], len(SEATS))


def test_many_diners_are_asked_for_at_once(api: Api, readme: Any) -> None:
    answer = api.client("app").get_httpx_client().get("/v1/users", params={"limit": 8}).json()
    diners = [item["user_id"] for item in answer["items"]]
    found = asyncio.run(readme.dinners(readme.connected(api.url, api.keys["app"]), diners))
    assert [one.user_id for one in found] == diners
    assert all(len(one.items) == 5 for one in found)


def test_a_list_is_explained_in_full(api: Api) -> None:
    answer = get_recommendations.sync_detailed(client=api.client("app"), user_id="somebody", explain="full", k=7)
    raw = httpx.Response(200, content=answer.content).json()
    assert answer.parsed.to_dict() == raw | {"as_of": answer.parsed.as_of.isoformat()}
    for item in answer.parsed.items:
        assert item.explanation is not None
        assert sum(term.value for term in item.explanation.terms) == pytest.approx(item.score, abs=1e-9)


def test_some_events_are_taken_and_the_others_named(api: Api) -> None:
    client = api.client("app")
    listed = get_recommendations.sync(client=client, user_id="somebody", k=1)
    good = EventWrite("good", "click", listed.user_id, listed.items[0].restaurant_id, datetime.now(UTC))
    bad = EventWrite("bad", "click", listed.user_id, "nowhere", datetime.now(UTC))
    receipt = post_events.sync_detailed(client=client, body=[good, bad])
    assert receipt.status_code == 202
    assert (receipt.parsed.accepted, [one.index for one in receipt.parsed.rejected]) == (1, [1])
    assert "nowhere" in receipt.parsed.rejected[0].problem
    assert post_events.sync(client=client, body=good).duplicates == 1


@pytest.mark.parametrize("sent", [{"k": 101}, {"lat": 52.2}])
def test_a_refusal_is_typed(api: Api, sent: dict[str, Any]) -> None:
    with pytest.raises(ProblemError) as raised:
        get_recommendations.sync(client=api.client("app"), user_id="somebody", **sent)
    error = raised.value
    assert error.problem is not None
    assert (error.status_code, error.problem.status, error.retry_after) == (422, 422, None)
    assert error.problem.type_.startswith("urn:tablestakes:problem:")
    assert error.problem.detail in str(error)
    assert error.problem.request_id == error.headers["x-request-id"]


def test_a_key_that_is_not_known_is_refused_and_never_shown(api: Api) -> None:
    with (
        AuthenticatedClient(api.url, token="tk_not-a-key") as client,
        pytest.raises(ProblemError, match="401") as raised,
    ):
        get_recommendations.sync(client=client, user_id="somebody")
    assert "not-a-key" not in repr(client) + str(raised.value) + repr(raised.value)
    with pytest.raises(ProblemError, match="403"):
        put_policy.sync("mine", client=api.client("app"), body=PolicyDials())


def test_a_policy_is_changed_by_who_has_seen_it(api: Api) -> None:
    client = api.client("product")
    made = put_policy.sync_detailed("typed", client=client, body=PolicyDials(shortlist=80))
    assert (made.parsed.version, made.headers["etag"]) == (1, '"1"')
    changed = PolicyDials(shortlist=90, ads=AdPolicy(pricing="gsp"))
    for tag, status in ((None, 428), ('"7"', 412)):
        with pytest.raises(ProblemError) as raised:
            put_policy.sync("typed", client=client, body=changed, **({"if_match": tag} if tag else {}))
        assert raised.value.status_code == status
    put_policy.sync("typed", client=client, body=changed, if_match=made.headers["etag"], x_reason="wider")
    read = get_policy.sync("typed", client=client)
    assert (read.version, read.shortlist, read.ads.pricing) == (2, 90, "gsp")


def test_a_campaign_is_opened_read_and_closed(api: Api) -> None:
    client = api.client("sales")
    item = get_recommendations.sync(client=api.client("app"), user_id="somebody", k=1).items[0]
    body = CampaignWrite(
        restaurant_id=item.restaurant_id,
        payer="harbour-foods",
        bid=90,
        daily_budget=20_000,
        total_budget=500_000,
        billing="click",
    )
    put_campaign.sync("typed-1", client=client, body=body)
    read = get_campaign.sync_detailed("typed-1", client=client)
    assert (read.parsed.payer, read.parsed.closed_at) == ("harbour-foods", None)
    closed = close_campaign.sync("typed-1", client=client, if_match=read.headers["etag"])
    assert closed.closed_at is not None


def test_sold_places_are_told_apart() -> None:
    from tests.client.test_client_round_trip import DOCUMENT

    operation = DOCUMENT["paths"]["/v1/recommendations"]["get"]
    example = operation["responses"]["200"]["content"]["application/json"]["example"]
    listed = get_recommendations._parse_response(httpx.Response(200, json=example))
    kinds = {True: SponsoredItem, False: OrganicItem}
    assert {item["sponsored"] for item in example["items"]} == {True, False}
    assert [type(item) for item in listed.items] == [kinds[item["sponsored"]] for item in example["items"]]
