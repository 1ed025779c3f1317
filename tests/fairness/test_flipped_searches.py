"""A search with one word changed: what its own text explains, what it does not, and what the real one does."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data import columns as col
from data.city.generate import generate
from data.dataset import Dataset
from models.fairness.audit import audit
from models.fairness.flip import scorer_of, words_of
from models.fairness.look import Look
from models.fairness.planted import minding_who_asks
from models.fairness.report import html, sentences
from models.fairness.search_flip import Found, Search, queries_about, search_flips, words_to_change
from services.catalogue.folding import fold
from services.serving.search_flip import flipped_searches

TEXTS = {"a": "thai garden thai", "b": "the student house pizza", "c": "roma pizza", "d": "siam thai", "e": "pizza hut"}
WHO = {"activity": ("student", "professional")}
ORIGIN = {"cuisine": ("thai", "pizza")}


def matching(texts: dict[str, str]) -> Search:
    """All words must stand in the text, as in the search that is served."""

    def search(query: str) -> Found:
        ids = tuple(one for one, text in texts.items() if all(word in text for word in query.casefold().split()))
        return Found(ids, tuple(float(-at) for at in range(len(ids))))

    return search


def favouring(who: str, texts: dict[str, str]) -> Search:
    """Words for people are taken out of the query; these ones get the list the other way round."""
    plain = matching(texts)

    def search(query: str) -> Found:
        words = query.casefold().split()
        found = plain(" ".join(word for word in words if word not in WHO["activity"]))
        return Found(found.ids[::-1], found.scores) if who in words else found

    return search


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    path = tmp_path_factory.mktemp("search") / "city"
    generate(path, restaurants=120, diners=500, days=8, markets=1, seed=4)
    return Dataset.open(path)


def test_a_word_that_stands_in_a_name_explains_what_it_finds() -> None:
    [flip] = search_flips(matching(TEXTS), ["student pizza"], WHO, TEXTS)

    assert (flip.queries, flip.pairs, flip.identical, flip.explained) == (1, 1, False, True)
    assert (flip.overlap.value, flip.rest.value, flip.changed.value) == (0.0, 1.0, 0.0)
    assert not flip.beyond_noise
    assert flip.example is None


def test_cuisines_find_other_kitchens_by_their_own_text() -> None:
    [flip] = search_flips(matching(TEXTS), ["thai", "pizza"], ORIGIN, TEXTS)

    assert flip.pairs == 2
    assert flip.overlap.value == 0.0
    assert flip.explained


def test_a_search_that_minds_who_asks_is_seen() -> None:
    [flip] = search_flips(favouring("student", TEXTS), ["student pizza"], WHO, TEXTS, protected=["activity"])

    assert not flip.explained
    assert flip.beyond_noise
    assert flip.example == ("student pizza", "professional pizza")
    assert flip.floor.value == 1.0
    # Without the student's house: c, e against e, c; at depth 1 nothing in common, at depth 2 all.
    assert flip.rest.value == pytest.approx(0.9 / 1.9)
    assert flip.distance is not None
    assert flip.distance.value > 0.0


def test_a_search_without_memory_is_held_against_its_own_noise() -> None:
    names = [f"r{number}" for number in range(40)]
    texts = dict.fromkeys(names, "pizza")
    rng = np.random.default_rng(1)

    def dice(_: str) -> Found:
        return Found(tuple(rng.permutation(names).tolist()), tuple(float(-at) for at in range(40)))

    queries = [f"student pizza {number}" for number in range(30)]
    [flip] = search_flips(dice, queries, WHO, texts, again=dice)

    assert not flip.explained
    assert flip.floor.value < 0.6
    assert not flip.beyond_noise


def test_queries_that_find_nothing_are_counted_and_weigh_nothing() -> None:
    queries = ["student sushi", "student pizza"]

    [flip] = search_flips(favouring("student", TEXTS), queries, WHO, TEXTS)
    [alone] = search_flips(favouring("student", TEXTS), queries[1:], WHO, TEXTS)

    assert (flip.pairs, flip.empty, flip.rest) == (2, 1, alone.rest)
    [nothing] = search_flips(matching(TEXTS), queries[:1], WHO, TEXTS)
    assert (nothing.empty, nothing.overlap.value, nothing.explained) == (1, 1.0, True)


def test_queries_without_such_a_word_say_nothing() -> None:
    assert search_flips(matching(TEXTS), ["garden", "studentship", "18-290"], {**WHO, "age": ("18-29",)}, TEXTS) == ()


@pytest.mark.parametrize(
    ("query", "other"),
    [("Student pizza", "professional pizza"), ("pizza for a student", "pizza for a professional")],
)
def test_one_word_is_changed_and_all_else_is_left(query: str, other: str) -> None:
    asked: list[str] = []

    def search(text: str) -> Found:
        asked.append(text)
        return Found((), ())

    search_flips(search, [query], WHO, TEXTS)

    assert set(asked) == {query, other}


def test_the_longest_word_is_the_one_that_is_meant() -> None:
    words = {"drink": ("drinker", "casual drinker", "abstemious")}
    asked: list[str] = []

    def search(text: str) -> Found:
        asked.append(text)
        return Found((), ())

    search_flips(search, ["casual drinker bar"], words, TEXTS)

    assert set(asked) == {"casual drinker bar", "drinker bar", "abstemious bar"}


@given(st.lists(st.sampled_from("abcdef"), unique=True), st.lists(st.sampled_from("abcdef"), unique=True))
def test_lists_of_any_length_are_compared(one: list[str], other: list[str]) -> None:
    answers = {"student x": one, "professional x": other}

    def search(query: str) -> Found:
        found = answers[query]
        return Found(tuple(found), tuple(float(-at) for at in range(len(found))))

    [flip] = search_flips(search, ["student x"], WHO, {})

    assert 0.0 <= flip.overlap.value <= 1.0
    assert flip.overlap.value == flip.rest.value
    assert flip.identical is flip.explained is (one == other)
    assert (flip.overlap.value == pytest.approx(1.0)) is (one == other)
    assert (flip.overlap.value == 0.0) is (not set(one) & set(other) and one != other)


def test_where_a_list_is_cut_off_what_is_left_out_makes_no_difference() -> None:
    """Ten of the first twelve hold the word: two are left of the one list, twelve of the other."""
    texts = {f"r{at}": "student bar" if at < 10 else "bar" for at in range(30)}

    def search(query: str) -> Found:
        ids = [one for one in texts if query.split()[0] == "student" or "student" not in texts[one]][:12]
        return Found(tuple(ids), tuple(float(-int(one[1:])) for one in ids))

    [flip] = search_flips(search, ["student bar"], WHO, texts, depth=12)

    assert flip.explained
    assert not flip.identical


def test_only_what_people_type_is_changed() -> None:
    values = {"age": ("18-29", "65+"), "smoker": ("true", "false"), "budget": ("1", "2"), "origin": ("north",)}

    assert words_to_change(values) == {"age": ("18-29", "65+")}
    assert queries_about(ORIGIN, TEXTS.values())[:2] == ["thai", "pizza"]
    assert "student pizza" in queries_about(WHO, TEXTS.values())
    assert not any(query.endswith("student") and " " in query for query in queries_about(WHO, TEXTS.values()))


def test_the_real_search_minds_nobody(city: Dataset) -> None:
    flips = {one.attribute: one for one in flipped_searches(city, city.markets[0])}

    assert {"age_group", "gender", "origin", "cuisine"} <= set(flips)
    assert all(one.explained for one in flips.values())
    assert flips["cuisine"].overlap.value < 0.3
    assert flips["cuisine"].floor.value == 1.0
    assert 0 < flips["cuisine"].empty < flips["cuisine"].pairs
    # All words must stand in the text, and words for people stand in none.
    assert all(flips[name].empty == flips[name].pairs for name in ("age_group", "gender", "origin"))
    assert [name for name, one in flips.items() if one.protected] == ["age_group", "gender", "origin"]


def _searching(city: Dataset, protected_input: bool) -> tuple[Search, list[str], dict[str, tuple[str, ...]], dict]:
    market, places = city.markets[0], city.restaurants()
    look = Look(city, market, "lightfm", parameters={"epochs": 5}, protected_input=protected_input)
    ids = places[col.RESTAURANT_ID].tolist()
    texts = {
        one: fold(f"{name} {' '.join(cuisines)}")
        for one, name, cuisines in zip(ids, places[col.NAME], places[col.CUISINES], strict=True)
    }
    words = words_to_change(words_of(city.diners()[col.PROTECTED].tolist()))
    search = minding_who_asks(scorer_of(look.model), ids, texts, words)
    return search, queries_about(words, texts.values()), words, texts


def test_a_planted_model_that_uses_the_attribute_is_found_in_the_audit_and_its_report(city: Dataset) -> None:
    found = audit(city, parameters={"epochs": 5})
    planted, clean = (
        search_flips(search, queries, words, texts, protected=words, depth=50)
        for search, queries, words, texts in (_searching(city, True), _searching(city, False))
    )

    assert {one.where for one in found.with_searches(planted).findings if one.kind == "search"} == {
        "age_group",
        "gender",
        "origin",
    }
    assert all(one.beyond_noise for one in planted)
    assert all(one.identical for one in clean)
    assert not [one for one in found.with_searches(clean).findings if one.kind == "search"]
    document = found.with_searches(planted).document()
    assert document["looked_for"][-1] == "search"
    assert document["ok"] is False
    told = sentences(document)
    assert any(line.startswith("Finding: age_group is protected, and changing its word in a search") for line in told)
    assert "A search with one word changed finds others than their text says: age_group, gender, origin." in told
    assert "One word of a search changed" in html(document, "Fairness")
