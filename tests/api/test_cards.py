"""Model cards and the ranking policy of a running system, in three forms, for whom they are made."""

import hashlib
import re
import shutil
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi.testclient import TestClient
from markdown_it import MarkdownIt
from sqlalchemy import update

from data.dataset import MarketInfo
from services.ads.campaign import Campaign
from services.bootstrap import Services
from services.clock import Clock
from services.database.engine import open_database
from services.database.schema import markets
from services.database.transactions import writing
from services.settings import Settings
from services.stakeholders.policy import AdPolicy, Policy
from tests.api.conftest import running
from tests.api.release_caller import Caller
from tests.cards.reading_pages import PageReader, figures_in
from tests.conftest import SmallCity

HOSTILE = '<script>alert(1)</script> & "Sons" [x](http://evil.example)'
EXPLORING = Policy(exploration=0.02, ads=AdPolicy(money=0.004, max_calibration_error=1.0, value_floor=0.01))
OVERRIDE = {"override": True, "reason": "for the tests"}
DINERS = 60


@pytest.fixture(scope="module")
def ranked(three_versions: Path, small_city: SmallCity, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    """A system with three versions that explores and sells, and has served some lists; its market has a bad name."""
    home = tmp_path_factory.mktemp("cards") / "home"
    shutil.copytree(three_versions, home, ignore=shutil.ignore_patterns("redis"))
    engine = open_database(Settings(home=home).resolved_database_url)
    with writing(engine) as connection:
        connection.execute(update(markets).values(title=HOSTILE))
    engine.dispose()
    with running(home, refresh_seconds=0.1, follow_releases_seconds=0.05) as client:
        call = Caller(client, small_city.keys)
        market = small_city.market
        for number, restaurant in enumerate(call.services.catalogue.restaurants(market)[::3]):
            campaign = Campaign(
                campaign_id=f"c{number:03d}",
                market=market,
                restaurant_id=restaurant.restaurant_id,
                payer=HOSTILE,
                bid=60,
                billing="click",
                daily_budget=10_000,
                total_budget=100_000,
            )
            call.services.campaigns.put(campaign, None, "sales")
        call.services.policies.put(market, EXPLORING, 1, "ml")
        call.services.policies.activate(market, "balanced", 2, "admin", reason="a trial", override=True)
        call.until(lambda: call.services.state.snapshots[market].policies["balanced"].version == 2)
        call.until(lambda: call.services.state.live(market).offers is not None)
        for number in range(2 * DINERS):
            plain = {"personalised": "false"} if number % 10 == 0 else {}
            query = {"user_id": f"d0-{number % DINERS + 1:06d}", "k": 10, **plain}
            assert call("app", "GET", "/v1/recommendations", params=query).status_code == 200
        call.services.served.flush()
        yield call


def ranking(call: Caller, **options: Any) -> httpx2.Response:
    return call("app", "GET", "/v1/ranking-policy", **options)


def card(call: Caller, **query: str) -> httpx2.Response:
    return call("auditor", "GET", "/v1/model-card", params=query)


def test_the_card_is_the_champions_where_no_version_is_named(ranked: Caller) -> None:
    champion = ranked.version_in("champion")
    found = card(ranked).json()

    assert (found["version"], found["standing"]["state"]) == (champion, "champion")
    assert found["data"]["source"] == "synthetic"
    assert found["data"]["diners"] == 600
    assert found["data"]["positives"] > found["data"]["learnt_from"] > found["data"]["tested_on"] > 0
    assert found["exact"] is True
    assert found["groups"][0]["group"] == "diners: warm"
    assert "It has learnt from an invented city: its figures say nothing about real diners." in found["limits"]
    own = found["accuracy"]["questions"][0]["models"]["lightfm"]["ndcg@10"]
    assert own == pytest.approx(
        ranked.services.releases.releases(found["market"])[-1].version.metrics["models"]["lightfm"]["ndcg@10"]
    )
    assert {one["name"] for one in found["details"]["parameters"]} >= {"components", "epochs"}


def test_a_card_tells_what_changed_since_the_last_champion(ranked: Caller) -> None:
    champion = ranked.version_in("champion")
    other = next(version for version in ranked.states() if version.startswith("lightfm") and version != champion)
    since = card(ranked, version=other).json()["changes"]

    assert (since["version"], since["same_data"]) == (champion, True)
    changed = {one["name"]: (one["before"], one["after"]) for one in since["parameters"]}
    assert changed["epochs"][1] == "2"
    assert {one["name"] for one in since["figures"]} >= {"ndcg@10", "recall@20"}
    assert card(ranked, version=champion).json()["changes"] is None


def test_a_market_is_found_by_the_version_and_a_blank_is_a_plus(ranked: Caller) -> None:
    assert card(ranked, version="light fm-no").status_code == 404
    assert "no market has a version 'light+fm-no'" in card(ranked, version="light fm-no").json()["detail"]


@pytest.mark.parametrize(
    ("query", "status", "word"),
    [
        ({"market": "nowhere"}, 404, "there is no market 'nowhere'; there are "),
        ({"version": "lightfm-000000000000"}, 404, "releases list"),
        ({"market": "MARKET", "version": "lightfm-000000000000"}, 404, "has no version 'lightfm-000000000000'"),
        ({"version": "../x"}, 422, "query.version"),
        ({"format": "pdf"}, 422, "query.format"),
    ],
)
def test_what_there_is_not_is_named_with_the_mend(
    ranked: Caller, small_city: SmallCity, query: dict[str, str], status: int, word: str
) -> None:
    answer = card(ranked, **{name: small_city.market if value == "MARKET" else value for name, value in query.items()})
    assert (answer.status_code, word in answer.json()["detail"]) == (status, True), answer.text


@pytest.mark.parametrize(
    ("query", "accept", "media"),
    [
        ({}, None, "application/json"),
        ({}, "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html; charset=utf-8"),
        ({}, "text/markdown", "text/markdown; charset=utf-8"),
        ({}, "image/png", "application/json"),
        ({"format": "html"}, "application/json", "text/html; charset=utf-8"),
        ({"format": "markdown"}, None, "text/markdown; charset=utf-8"),
        ({"format": "json"}, "text/html", "application/json"),
    ],
)
@pytest.mark.parametrize("path", ["/v1/model-card", "/v1/ranking-policy"])
def test_a_client_gets_the_form_that_it_asks_for(
    ranked: Caller, path: str, query: dict[str, str], accept: str | None, media: str
) -> None:
    answer = ranked("auditor", "GET", path, params=query, headers={"Accept": accept} if accept else {})
    assert (answer.status_code, answer.headers["content-type"]) == (200, media)


@pytest.mark.parametrize("path", ["/v1/model-card", "/v1/ranking-policy"])
@pytest.mark.parametrize("form", ["json", "markdown", "html"])
def test_who_has_it_already_is_told_so(ranked: Caller, path: str, form: str) -> None:
    first = ranked("ml", "GET", path, params={"format": form})
    tag = first.headers["etag"]
    again = ranked("ml", "GET", path, params={"format": form}, headers={"If-None-Match": f'"x", W/{tag}'})

    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert ranked("ml", "GET", path, params={"format": form}, headers={"If-None-Match": '"x"'}).content == first.content


@pytest.mark.parametrize("path", ["/v1/model-card", "/v1/ranking-policy"])
def test_all_forms_of_a_running_systems_pages_say_the_same_and_run_nothing(ranked: Caller, path: str) -> None:
    forms = {form: ranked("auditor", "GET", path, params={"format": form}) for form in ("json", "markdown", "html")}
    document, text = forms["json"].json(), forms["markdown"].text
    page = PageReader(forms["html"].text)

    assert page.faults == []
    assert {link.removeprefix("#") for link in page.links} <= set(page.ids)
    assert not {"script", "img", "link", "iframe"} & set(page.tags)
    assert HOSTILE in page.text
    read = PageReader(MarkdownIt("commonmark").enable("table").render(text))
    assert HOSTILE in read.text
    assert not {"script", "img", "a"} & set(read.tags)
    assert len(page.figures) > 10
    assert {found[:3] for found in page.figures} <= figures_in(document)
    at = 0
    for *_, written in page.figures:
        at = text.index(written, at)


def test_a_browser_may_show_a_page_with_its_own_style_and_do_nothing_else(ranked: Caller) -> None:
    answer = ranking(ranked, params={"format": "html"})
    style = re.search(r"<style>(.*?)</style>", answer.text, re.DOTALL)

    assert style is not None
    digest = b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    policy = answer.headers["content-security-policy"]
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}'")
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_the_ranking_policy_says_what_decides_and_how_much(ranked: Caller) -> None:
    found = ranking(ranked).json()
    shares = {one["term"]: one["share"]["value"] for one in found["parameters"] if one["share"]}

    assert (found["policy"], found["version"], found["model"]) == ("balanced", 2, "lightfm")
    assert sum(shares.values()) == pytest.approx(1.0)
    assert list(shares.values()) == sorted(shares.values(), reverse=True)
    assert min(shares["relevance"], shares["calibration"], shares["exploration"], shares["payment"]) > 0.0
    assert found["measured"]["lists"] == 2 * DINERS
    assert found["measured"]["not_personal"]["value"] == pytest.approx(0.1)
    used = {one["term"]: one["used"] for one in found["parameters"]}
    assert used == {**dict.fromkeys(used, True), "second_stage": False}


def test_the_ranking_policy_says_whether_payment_counts(ranked: Caller) -> None:
    payment = ranking(ranked).json()["payment"]
    served = ranked("app", "GET", "/v1/recommendations", params={"user_id": "d0-000001", "k": 10}).json()
    labels = {item["sponsor"]["label"] for item in served["items"] if item["sponsored"]}

    assert payment["sells"] is True
    assert labels == {payment["label"]}
    assert any(
        "At most 3 places of a list are sold, the first at rank 2 or below, with at least 3" in words
        for words in payment["words"]
    )
    assert 0.0 < payment["places_sold"]["value"] <= 0.3
    assert payment["ranks_risen"]["value"] > 0.0


def test_the_ranking_policy_says_who_answers_for_it_and_what_changed(ranked: Caller) -> None:
    found = ranking(ranked).json()

    assert found["approval"]["activated_by"] == "admin"
    assert "over missing signatures" in found["approval"]["words"]
    assert set(found["approval"]["missing"]) >= {"ml", "sales", "fairness"}
    assert (found["since"]["name"], found["since"]["version"]) == ("balanced", 1)
    assert (
        "Temperature of the exploration (exploration): from 0 to 0.02 order probability." in found["since"]["changes"]
    )
    assert any("age" in words or "gender" in words for words in found["unused"])
    dials = {one["dial"]: one["value"] for one in found["settings"]}
    assert dials["exploration"] == "0.02"
    assert dials["ads.max_calibration_error"] == "1"


def test_the_way_to_switch_personalisation_off_is_the_one_that_works(ranked: Caller) -> None:
    assert any("personalised=false" in words for words in ranking(ranked).json()["personalisation"])
    lists = [
        ranked(
            "app",
            "GET",
            "/v1/recommendations",
            params={"user_id": who, "lat": 52.2, "lon": 0.12, "personalised": "false"},
        )
        for who in ("d0-000001", "d0-000002")
    ]
    ids = [[item["restaurant_id"] for item in answer.json()["items"] if not item["sponsored"]] for answer in lists]
    assert ids[0] == ids[1]


def test_what_was_measured_is_kept_and_a_change_of_policy_shows_at_once(
    fresh_home: Path, small_city: SmallCity
) -> None:
    with running(fresh_home, refresh_seconds=0.1) as client:
        call = Caller(client, small_city.keys)
        before = ranking(call).json()
        assert ranking(call).json() == before  # with the same `until`: it was not measured again
        assert before["approval"]["words"].startswith("It is the default of the system")
        assert before["since"] is None
        put = call("sales", "PUT", "/v1/policies/balanced", json={"radius_km": 5.0}, headers={"If-Match": '"1"'})
        assert put.status_code == 200
        call("admin", "POST", "/v1/policies/balanced/activate", json=OVERRIDE)
        after = ranking(call).json()

    assert (after["version"], len(after["since"]["changes"])) == (2, 1)
    assert "from 8 to 5 km" in after["since"]["changes"][0]
    assert {one["why"] for one in after["parameters"] if one["share"] is None} == {"no lists yet"}


def test_a_policy_that_all_seats_signed_names_them(fresh_home: Path, small_city: SmallCity) -> None:
    with running(fresh_home, refresh_seconds=0.1) as client:
        call = Caller(client, small_city.keys)
        call("sales", "PUT", "/v1/policies/agreed", json={"ads": {"money": 0.0}})
        for seat in ("ml", "sales", "product", "infra", "interpretability", "fairness"):
            body = {"version": 1, "reason": "agreed"}
            assert call(seat, "POST", "/v1/policies/agreed/sign-offs", json=body).status_code == 200
        found = ranking(call).json()

    assert [one["seat"] for one in found["approval"]["signed"]] == [
        "ml",
        "sales",
        "product",
        "infra",
        "interpretability",
        "fairness",
    ]
    assert found["approval"]["words"] == "All seats have signed it."
    assert found["payment"]["sells"] is False
    assert found["payment"]["words"][0] == "No places are sold now: the policy sells none."


def test_a_version_whose_files_are_gone_still_has_a_card(
    release_home: Path, small_city: SmallCity, tmp_path: Path
) -> None:
    with running(release_home) as client:
        call = Caller(client, small_city.keys)
        services: Services = call.services
        version = next(name for name in call.states() if name.startswith("popular"))
        release = next(one for one in services.releases.releases(small_city.market) if one.version.version == version)
        aside = tmp_path / "aside"
        shutil.move(release.version.path, aside)
        try:
            found = card(call, version=version).json()
        finally:
            shutil.move(aside, release.version.path)

    assert (found["details"]["kept"], found["exact"], found["calibration"]) == (False, None, None)
    assert any("files are not there any more" in limit for limit in found["limits"])
    assert found["accuracy"]["questions"]


def test_a_market_without_a_version_says_the_mend(fresh_home: Path) -> None:
    from services.cards.store import CardError, Cards
    from services.catalogue.store import CatalogueStore

    engine = open_database(Settings(home=fresh_home).resolved_database_url)
    try:
        dataset = MarketInfo(market="empty", title="Empty")
        catalogue = CatalogueStore(engine)
        with writing(engine) as connection:
            connection.execute(markets.insert(), {**dataset.model_dump(), "catalogue_version": 0})
        cards = Cards(engine, Clock())
        assert "empty" in {info.market for info in catalogue.markets()}
        for ask in (cards.model_card, cards.ranking_policy):
            with pytest.raises(CardError, match="tablestakes train DIR"):
                ask("empty")
    finally:
        engine.dispose()


def test_no_key_of_a_client_and_no_diner_is_on_a_page(
    ranked: Caller, small_city: SmallCity, server: TestClient
) -> None:
    pages = [ranking(ranked, params={"format": form}).text for form in ("json", "markdown", "html")]
    pages += [card(ranked, format=form).text for form in ("json", "markdown", "html")]

    assert not any(re.search(r"\bd\d-\d{6}\b", page) for page in pages)
    assert not any(key in page for page in pages for key in small_city.keys.values())
    assert server.get("/v1/ranking-policy").status_code == 401
