"""The flip test over HTTP is that of the audit: `GET /v1/search`, asked with one word changed."""

from data.columns import RESTAURANT_ID
from data.dataset import Dataset
from models.fairness.search_flip import Found, search_flips
from services.catalogue.folding import fold
from services.serving.search_flip import flipped_searches
from tests.api.release_caller import Caller
from tests.conftest import SmallCity


def test_the_route_answers_as_the_audit_has_it(app: Caller, small_city: SmallCity) -> None:
    city = Dataset.open(small_city.dataset)
    [market], places = city.markets, city.restaurants()
    cuisines = tuple(sorted({name for names in places["cuisines"] for name in names}))[:3]
    words = {"cuisine": cuisines, "activity": ("student", "professional")}
    texts = {
        one: fold(f"{name} {' '.join(served)}")
        for one, name, served in zip(places[RESTAURANT_ID], places["name"], places["cuisines"], strict=True)
    }
    queries = [*cuisines, "student", f"student {cuisines[0]}"]

    def search(query: str) -> Found:
        items = app("GET", "/v1/search", params={"q": query, "limit": 100}).json()["items"]
        return Found(tuple(one["restaurant_id"] for one in items), tuple(one["score"] for one in items))

    over_http = {one.attribute: one for one in search_flips(search, queries, words, texts, fold=fold, depth=100)}
    audited = {one.attribute: one for one in flipped_searches(city, market, queries)}

    assert all(one.explained for one in over_http.values())
    assert not over_http["cuisine"].identical
    assert over_http["activity"].identical
    assert all(search(query).ids for query in cuisines)
    # The audit changes a word to any cuisine of the catalogue, and knows no activities here.
    assert audited["cuisine"].pairs > over_http["cuisine"].pairs == 3 * 2 + 2
    assert audited["cuisine"].explained
