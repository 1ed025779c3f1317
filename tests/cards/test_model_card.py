"""Model cards from generated reports: what is kept is shown, what is not is said, what is odd is named."""

import copy
from typing import Any

import pytest
from markdown_it import MarkdownIt

from models.cards.figures import Figure, with_interval
from models.cards.model_card import ModelCard, Subject, model_card
from models.cards.model_page import model_page
from models.cards.render import html, markdown
from tests.cards.reading_pages import PageReader, figures_in
from tests.cards.reports import FULL, figure, group, subject

PARTS = ("groups", "behaviour", "importance", "over_indexing", "fidelity", "fairness")
OF_SLICES = {"slices": "worst_slices", "by_slice": "slice_regressions"}


def changed(**parts: Any) -> dict[str, Any]:
    return {**copy.deepcopy(FULL), **parts}


def test_a_card_has_all_that_was_measured() -> None:
    card = model_card(subject(FULL))

    assert all(getattr(card, part) is not None for part in (*PARTS, *OF_SLICES.values()))
    assert set(card.not_measured) == {"calibration"}  # that is in the files, and here are none
    assert [one.name for one in card.importance or []] == ["this diner", "cuisine=thai", "price"]
    assert card.fidelity is not None
    assert card.fidelity.pair is not None
    assert {kind: set(of) for kind, of in card.fidelity.pair.margins.items()} == {
        kind: {"weight", "random"} for kind in ("deletion", "insertion")
    }
    assert card.fairness is not None
    assert [(one.side, one.attribute) for one in card.fairness.own] == [
        ("diners", "age group"),
        ("restaurants", "kind"),
    ]
    assert set(card.fairness.rivals) == {"champion"}
    assert card.accuracy.own("requests", "lightfm")["ndcg@10"].value == 0.4
    assert card.data.rejected == 12


def test_a_card_of_an_empty_report_says_that_nothing_was_measured() -> None:
    card = model_card(subject({}))
    page = markdown(model_page(card))

    assert set(card.not_measured) == {*PARTS, *OF_SLICES.values(), "calibration", "accuracy"}
    assert set(card.not_measured.values()) == {"not measured for this version"}
    assert page.count("not measured for this version") + page.count("Not measured for this version") >= len(PARTS)
    assert "Its accuracy was not measured." in page


@pytest.mark.parametrize("part", [*PARTS, *OF_SLICES])
def test_a_part_that_is_absent_takes_no_other_with_it(part: str) -> None:
    report = changed(**{part: None})
    card = model_card(subject(report))

    named = OF_SLICES.get(part, part)
    assert getattr(card, named) is None
    assert set(card.not_measured) == {named, "calibration"}
    assert PageReader(html(model_page(card))).faults == []


@pytest.mark.parametrize(
    ("part", "odd", "where"),
    [
        ("importance", [{"name": "x"}], "importance.0.side: Field required"),
        ("importance", [{**FULL["importance"][0], "low": None}], "importance.0.low"),
        ("importance", [{**FULL["importance"][0], "side": "weather"}], "importance.0.side"),
        ("importance", {"rows": []}, "importance: it has none of features"),
        ("importance", "many", "importance: Input should be a valid list"),
        ("over_indexing", [{**FULL["over_indexing"]["findings"][0], "value": "high"}], "over_indexing.0.value"),
        ("slices", [{**FULL["slices"]["findings"][0], "p_adjusted": 1.5}], "slices.0.p_adjusted"),
        ("slices", [{**FULL["slices"]["findings"][0], "n": -1}], "slices.0.n"),
        ("by_slice", {"champion": {"regressions": [{"n": 3}]}}, "champion.0.conditions: Field required"),
        ("behaviour", [{"name": "x", "passed": True}], "behaviour.0.value"),
        ("fidelity", [1, 2], "fidelity: Input should be a valid dictionary"),
        (
            "fidelity",
            {"pair": {**FULL["fidelity"]["pair"], "local_r2": {"value": 0.1, "low": None, "high": 0.2}}},
            "fidelity.pair.local_r2.low",
        ),
        ("fairness", [1, 2], "fairness: it is no document"),
        ("fairness", {"champion": []}, "fairness: the version's own comparisons are missing"),
        ("fairness", {"own": [{"side": "diners"}]}, "own.0.measure: Field required"),
        ("groups", [{"slice": "x", "model": "lightfm"}], "groups.0: it needs"),
        ("data", {"positives": "many"}, "data.positives"),
        ("until", "yesterday", "data.until"),
        ("models", {"lightfm": 3}, "models: they need figures by name"),
    ],
)
def test_a_part_of_another_shape_is_named_and_leaves_the_rest(part: str, odd: Any, where: str) -> None:
    card = model_card(subject(changed(**{part: odd})))

    shapes = [why for why in card.not_measured.values() if "in a shape that this program does not read" in why]
    assert len(shapes) == 1
    assert where in shapes[0]
    assert len(card.not_measured) == 2
    assert PageReader(html(model_page(card))).faults == []


def test_what_a_measurement_keeps_besides_is_left_aside() -> None:
    more = [{**FULL["importance"][0], "seeds": [1, 2, 3]}]
    assert model_card(subject(changed(importance=more))).not_measured.keys() == {"calibration"}


def test_importances_may_stand_in_a_document_of_their_own() -> None:
    inside = changed(importance={"diners": 100, "features": FULL["importance"], "interactions": []})
    assert model_card(subject(inside)).importance == model_card(subject(FULL)).importance


def test_what_a_retraining_run_said_of_its_data_is_on_the_card() -> None:
    entries = {
        "schema": {"name": "schema", "stops": [], "notes": ["events: late (12 rows)"], "figures": {}},
        "volumes": {"name": "volumes", "stops": [], "notes": [], "figures": {"events": 41_200.0}},
    }
    card = model_card(subject(FULL, validation={"stops": [], "entries": entries}, snapshot={"window_days": 90}))
    text = markdown(model_page(card))

    assert [one.name for one in card.data.quality] == ["schema", "volumes"]
    assert card.data.quality[1].figures == {"events": 41_200.0}
    assert "| schema | noted | events: late (12 rows) |" in text
    assert "| volumes | nothing found | - |" in text
    assert "| Days of log | 90 |" in text


def test_checks_of_a_registered_version_are_its_behaviour() -> None:
    report = changed(behaviour=None, checks=FULL["behaviour"])
    assert model_card(subject(report)).behaviour == model_card(subject(FULL)).behaviour


def test_the_fairness_of_a_card_names_the_worst_group_its_gap_and_the_rivals() -> None:
    text = markdown(model_page(model_card(subject(FULL))))
    own, champion = (FULL["fairness"][name][0] for name in ("own", "champion"))
    gap, of_rival = (with_interval(Figure.model_validate(one["gap"])) for one in (own, champion))

    row = next(line for line in text.splitlines() if line.startswith("| nDCG@10, by age group | 65+ (100)"))
    assert "| 18-29 (90) |" in row
    assert gap in row
    beside = next(line for line in text.splitlines() if "age group | greatest less least" in line)
    assert gap in beside
    assert of_rival in beside
    assert "1 of age group (10 members, fewer than 20 in each)" in text
    assert "not_shown" not in text


def test_a_figure_that_could_not_be_measured_is_left_out() -> None:
    nothing = {"value": None, "low": None, "high": None}
    own = [{**FULL["fairness"]["own"][0], "gap": nothing, "by_chance": None, "p": None}]
    pair = {**FULL["fidelity"]["pair"], "local_r2": nothing}
    card = model_card(subject(changed(fairness={"own": own}, fidelity={"pair": pair})))

    assert set(card.not_measured) == {"calibration"}
    assert "local R²" not in markdown(model_page(card))


def test_the_card_of_a_version_as_it_is_trained_is_read_whole(trained: dict[str, Any]) -> None:
    card = model_card(subject(trained))
    text = markdown(model_page(card))

    assert set(card.not_measured) == {"calibration", "behaviour", "slice_regressions"}
    assert card.fairness is not None
    assert len(card.fairness.own) == len(trained["fairness"]["own"]) > 4
    assert all(f", by {one.attribute} |" in text for one in card.fairness.own)
    assert card.fidelity is not None
    assert card.fidelity.pair is not None
    assert card.fidelity.pair.cases == trained["fidelity"]["pair"]["cases"] > 0
    for section in text.split("\n## "):
        if section.startswith(("Whether it can be explained", "Fairness")):
            assert section.count("\n|") < 30, "a person is to read it"
    assert len(card.importance or []) == len(trained["importance"]["features"])
    assert len(card.interactions) == len(trained["importance"]["interactions"]) > 0
    assert card.embedding_map is not None
    assert [one.model_dump() for one in card.embedding_map.points] == trained["importance"]["map"]["points"]


def test_an_odd_map_is_named_and_takes_nothing_with_it() -> None:
    kept = {"features": FULL["importance"], "interactions": [], "map": {"explained": [0.2], "points": []}}
    card = model_card(subject(changed(importance=kept)))

    assert card.embedding_map is None
    assert "map.explained.1" in card.not_measured["embedding_map"]
    assert card.importance == model_card(subject(FULL)).importance


LIMITS = [
    ({}, "Its data rests on an assumption: ratings of 4 and 5 are good"),
    ({}, "Diners whom it has not seen: level with popularity, nDCG@10 0.2100 [0.1900, 0.2300] against 0.2000"),
    ({}, "Small groups, whose intervals are wide (1 of fewer than 100 diners): diners: cold (60)."),
    ({}, "It fails the check 'known places': they stand low."),
    ({}, "It leans on a feature: 62 % of what orders its lists is district=Harbour."),
    ({}, "Worse where cuisine=thai and district=Harbour: log loss 0.6200 [0.6000, 0.6400] against 0.3300 elsewhere"),
    ({}, "Worse than the champion of then where price=4: 0.2200 where that had 0.3100, on the same 81 cases."),
    ({"split": "random"}, "held out by 'random', not on a later time"),
    ({"data": {"source": "synthetic"}}, "It has learnt from an invented city"),
    (
        {"models": {"lightfm": {"ndcg@10": figure(0.2), "ndcg@10_over_popular": figure(0.01)}}},
        "It is not certainly better than popularity alone: nDCG@10 differs by 0.0100 [-0.0100, 0.0300]",
    ),
    ({"groups": group("diners: cold", 0.1, 0.2)}, "Diners whom it has not seen: worse than popularity"),
    ({"groups": []}, "Diners whom it has not seen: not told, the test period had too few of them."),
]


@pytest.mark.parametrize(("parts", "sentence"), LIMITS)
def test_limits_are_said_from_the_figures(parts: dict[str, Any], sentence: str) -> None:
    assert any(sentence in limit for limit in model_card(subject(changed(**parts))).limits)


def test_strengths_are_no_limits() -> None:
    strong = changed(
        data={"source": "home"},
        groups=[*group("diners: cold", 0.4, 0.2), *group("restaurants: only cold ones chosen", 0.4, 0.2)],
        behaviour=FULL["behaviour"][:1],
        over_indexing=[],
        slices=[],
        by_slice={"champion": {"regressions": []}},
    )
    gone, unmeasured = model_card(subject(strong)).limits
    assert gone.startswith("Its files are not there any more")
    assert unmeasured == "Not told on this card: calibration."


def test_changes_are_told_with_intervals_and_regressions_by_group() -> None:
    before = changed(
        models={"lightfm": {"ndcg@10": figure(0.2), "recall@20": figure(0.6)}},
        groups=[*group("diners: warm", 0.3, 0.2), *group("district: Harbour", 0.4, 0.1), *group("gone", 0.1, 0.1)],
        data_snapshot="b" * 64,
    )
    card = model_card(subject(FULL), subject(before, version="lightfm-000000000000"))

    assert card.changes is not None
    told = {one.name: one for one in card.changes.figures}
    assert (told["ndcg@10"].verdict, told["recall@20"].verdict) == ("rose", "level")
    assert told["ndcg@10"].difference.value == pytest.approx(0.11)
    assert told["ndcg@10"].difference.low == pytest.approx(0.11 - 0.02 * 2**0.5)
    assert card.changes.regressions == ["district: Harbour"]
    assert [one.name for one in card.changes.groups] == ["diners: warm", "district: Harbour"]
    assert card.changes.same_data is False
    assert "Worse than the version before it in: district: Harbour." in card.limits
    assert "There is no version before it" in markdown(model_page(model_card(subject(FULL))))


def hostile() -> Subject:
    name = '</title><script>alert(1)</script><img src=x onerror="alert(1)"> [a](http://evil.example) | `x` & \'"'
    report = changed(
        groups=group(f"district: {name}", 0.3, 0.2),
        slices=[{**FULL["slices"]["findings"][0], "conditions": [name], "same_as": [[name, name]]}],
        importance=[{**FULL["importance"][0], "name": name, "measure": name}],
        over_indexing=[{**FULL["over_indexing"]["findings"][0], "feature": name, "sentence": name}],
        behaviour=[{**FULL["behaviour"][1], "name": name, "explanation": name}],
        fidelity={"pair": None, "second_stage": None, "refused": name},
        fairness={"own": [{**FULL["fairness"]["own"][0], "attribute": name}]},
    )
    return subject(report, market_title=name)


@pytest.mark.parametrize("made", [model_card(subject(FULL)), model_card(subject({})), model_card(hostile())])
def test_pages_are_whole_lead_nowhere_and_run_nothing(made: ModelCard) -> None:
    page = PageReader(html(model_page(made)))

    assert page.faults == []
    assert len(set(page.ids)) == len(page.ids)
    assert {link.removeprefix("#") for link in page.links} <= set(page.ids)
    assert page.tags.count("h1") == 1
    assert not {"script", "img", "link", "iframe", "object", "form"} & set(page.tags)


def test_hostile_names_are_shown_as_they_are() -> None:
    card = model_card(hostile())
    page, text = PageReader(html(model_page(card))), markdown(model_page(card))
    read = PageReader(MarkdownIt("commonmark").enable("table").render(text))

    name = card.market_title
    assert page.text.count(name) == read.text.count(name) > 8
    assert not {"script", "img", "a"} & set(read.tags)


def test_all_three_forms_say_the_same_numbers() -> None:
    before = subject(changed(models={"lightfm": {"ndcg@10": figure(0.2)}}), version="lightfm-000000000000")
    card = model_card(subject(FULL), before)
    page, text = PageReader(html(model_page(card))), markdown(model_page(card))

    in_json = figures_in(card.model_dump(mode="json"))
    assert len(page.figures) > 40
    assert {found[:3] for found in page.figures} <= in_json
    shown = {found[:3] for found in page.figures}
    for part in (card.groups, card.importance, card.worst_slices, card.changes):
        rows = part if isinstance(part, list) else [part]
        wanted = figures_in([one.model_dump(mode="json") for one in rows if one is not None])
        assert {one for one in wanted if len(set(one)) > 1} <= shown
    at = 0
    for *_, written in page.figures:
        at = text.index(written, at)


def test_a_card_reads_back_as_itself() -> None:
    card = model_card(subject(FULL), subject({}, version="popular-000000000000", model="popular"))
    assert ModelCard.model_validate_json(card.model_dump_json()) == card
