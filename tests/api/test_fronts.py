"""Fronts over HTTP: what was tried, with intervals and shares, and on what it rests."""

import shutil
from collections.abc import Callable, Iterator

import httpx2
import pytest

from services.access.roles import SEATS
from services.stakeholders.negotiation.negotiate import negotiate
from tests.api.conftest import running
from tests.api.test_negotiations import IMMODEST, calls, kept
from tests.conftest import SmallCity
from tests.stakeholders.fronts import front, town

Call = Callable[..., httpx2.Response]
EVALUATED = front(town(), town(8, days=182))


@pytest.fixture(scope="module")
def table(small_city: SmallCity, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Call]]:
    """A server with two fronts, one of them of another city, older."""
    home = tmp_path_factory.mktemp("fronts") / "home"
    shutil.copytree(small_city.home, home, ignore=shutil.ignore_patterns("redis"))
    with running(home) as client:
        older = EVALUATED.model_copy(
            update={
                "front_id": "1" * 16,
                "created_at": EVALUATED.created_at.replace(year=2025),
                "assumed": True,
                "long": None,
                "provenance": {"setting": {"cities": 1, "seed": 1, "restaurants": 300, "diners": 2_000}},
            }
        )
        kept(home, small_city.market, older)
        kept(home, small_city.market, EVALUATED)
        yield calls(client, small_city)


def test_fronts_are_listed_the_newest_first_with_what_they_rest_on(table: Callable[[str], Call]) -> None:
    items = table("auditor")("GET", "/v1/fronts").json()["items"]
    assert [(item["front_id"], item["assumed"]) for item in items] == [("0" * 16, False), ("1" * 16, True)]
    assert [(item["policies"], item["days"], item["followed"], item["followed_days"]) for item in items] == [
        (128, 28, 8, 182),
        (128, 28, 0, None),
    ]
    assert [(item["seed"], item["restaurants"], item["diners"], item["cities"]) for item in items] == [
        (None, None, None, None),
        (1, 300, 2_000, 1),
    ]
    assert items[0]["age_seconds"] < items[1]["age_seconds"]
    assert len(table("ml")("GET", "/v1/fronts", params={"limit": 1}).json()["items"]) == 1


def test_a_front_has_every_policy_with_its_numbers_and_shares(table: Callable[[str], Call]) -> None:
    found = table("auditor")("GET", f"/v1/fronts/{'0' * 16}").json()
    result = negotiate(EVALUATED, {})
    wide, long = found["wide"], found["long"]
    assert (wide["days"], len(wide["policies"]), long["days"], len(long["policies"])) == (28, 128, 182, 8)
    assert long["ideal"] == result.ideal
    assert long["disagreement"] == result.disagreement
    assert set(wide["ideal"]) == set(SEATS)
    assert result.settlement is not None
    [settled] = [one for one in long["policies"] if one["policy"]["name"] == result.settlement.policy.name]
    assert settled["shares"] == result.settlement.shares
    assert settled["undominated"]
    assert settled["allowed"]
    assert settled["model"] == "lightfm"
    assert settled["outcomes"]["orders_per_1000"] == result.settlement.outcomes["orders_per_1000"].model_dump()
    assert sum(one["undominated"] for one in long["policies"]) == result.basis.undominated


def test_a_front_that_is_not_there_is_told_with_the_mend(table: Callable[[str], Call]) -> None:
    missing = table("auditor")("GET", f"/v1/fronts/{'2' * 16}")
    assert (missing.status_code, "`tablestakes negotiate --market" in missing.json()["detail"]) == (404, True)
    assert table("auditor")("GET", "/v1/fronts/x").status_code == 422
    assert table("auditor")("GET", "/v1/fronts", params={"market": "nowhere"}).status_code == 404


def test_a_city_without_a_front_has_an_empty_list(as_role: Callable[[str], Call]) -> None:
    assert as_role("auditor")("GET", "/v1/fronts").json() == {"items": [], "next": None}


def test_who_only_reads_may_ask_what_if_and_not_negotiate_for_real(table: Callable[[str], Call]) -> None:
    auditor = table("auditor")
    asked = auditor("POST", "/v1/negotiations", json={"demands": {}})
    assert asked.status_code == 200, asked.text
    assert asked.json()["steps"][-1]["kind"] == "nash"
    blocked = auditor("POST", "/v1/negotiations", json={"demands": {"sales": IMMODEST}}).json()
    assert blocked["steps"][-1]["kind"] == "blocked"
    for_real = auditor("POST", "/v1/negotiations", json={})
    assert (for_real.status_code, "may ask what if" in for_real.json()["detail"]) == (403, True)
    assert auditor("GET", "/v1/negotiations").json()["items"] == []
    assert table("app")("POST", "/v1/negotiations", json={"demands": {}}).status_code == 403
