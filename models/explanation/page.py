"""The audit of a model for people: lines for a terminal, one HTML file that needs nothing beside it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from models.explanation.importance import CONTRIBUTION, LOSS

OTHERS: Final = ("fidelity", "slices", "behaviour")
"""Keys of an evaluation report that the audit of a model shows where they are kept."""
_MAP_SIZE: Final = 560
_MARGIN: Final = 60

_PAGE: Final = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{{ title }}</title>
<style>
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}
table{border-collapse:collapse;margin:.5rem 0 1.5rem}td,th{padding:.15rem .8rem .15rem 0;text-align:left}
td.n{text-align:right;font-variant-numeric:tabular-nums}.bad{color:#a11;font-weight:600}svg{max-width:100%}
</style>
<h1>{{ title }}</h1>
{% if audit %}<h2>Does it lean on what will not hold?</h2>
<p>{{ audit.reported }} reported.</p>
<table><tr><th></th><th>question</th><th>feature</th><th>what was found</th></tr>
{% for one in audit.findings %}<tr><td class="bad">{{ "reported" if one.reported }}</td><td>{{ one.kind }}</td>
<td>{{ one.feature }}</td><td>{{ one.sentence }}</td></tr>
{% endfor %}</table>
{% for question, why in audit.not_asked.items() %}<p>Not asked: {{ question }}; {{ why }}.</p>{% endfor %}{% endif %}
{% if importance %}<h2>What it has learnt</h2>
{% for name, rows in tables %}<h3>{{ name }}</h3><table>
{% for row in rows %}<tr>{% for cell in row %}<td{{ ' class="n"' | safe if loop.index > 2 }}>{{ cell }}</td>
{% endfor %}</tr>{% endfor %}</table>{% endfor %}
{% if points %}<h3>Where it puts cuisines and districts</h3>
<svg viewBox="0 0 {{ size }} {{ size }}" role="img" aria-label="map of cuisines and districts" font-size="11">
{% for one in points %}<circle cx="{{ one.x }}" cy="{{ one.y }}" r="3" fill="{{ one.fill }}"/>
<text x="{{ one.x + 5 }}" y="{{ one.y + 4 }}">{{ one.name }}</text>{% endfor %}</svg>{% endif %}{% endif %}
{% for name, kept in others %}<h2>{{ name }}</h2><pre>{{ kept | tojson(indent=2) }}</pre>{% endfor %}
</html>
"""


def lines(document: Mapping[str, Any], most: int = 8) -> Iterator[str]:
    """For the terminal: what is reported first. document: what an evaluation report keeps; `most` rows a table."""
    audit, importance = document.get("over_indexing"), document.get("importance")
    if audit is None:
        yield "over-indexing: not measured for this version"
    else:
        yield f"over-indexing: {audit['reported']} reported"
        for one in audit["findings"]:
            yield f"  {'REPORTED' if one['reported'] else 'ok':<9}{one['kind']:<22}{one['sentence']}"
        yield from (f"  {'-':<9}{question:<22}not asked: {why}" for question, why in audit["not_asked"].items())
    if importance is None:
        yield "importance: not measured for this version"
    else:
        for name, rows in _tables(importance, most):
            yield ""
            yield name
            yield from (f"  {first:<15}{second:<16}" + "  ".join(rest) for first, second, *rest in rows)
    for name in OTHERS:
        if document.get(name) is not None:
            yield f"{name}: kept in the evaluation report"


def html(document: Mapping[str, Any], title: str) -> str:
    """One page; what came from data is escaped."""
    from jinja2 import Environment  # serving never renders this page

    importance = document.get("importance")
    page = Environment(autoescape=True, trim_blocks=True).from_string(_PAGE)
    return page.render(
        title=title,
        audit=document.get("over_indexing"),
        importance=importance,
        tables=list(_tables(importance, 50)) if importance else [],
        points=_points(importance.get("map")) if importance else [],
        size=_MAP_SIZE,
        others=[(name, document[name]) for name in OTHERS if document.get(name) is not None],
    )


def _tables(importance: Mapping[str, Any], most: int) -> Iterator[tuple[str, list[list[str]]]]:
    for measure in (CONTRIBUTION, LOSS):
        figures = [one for one in importance["features"] if one["measure"] == measure]
        for moment in (False, True):
            chosen = [one for one in figures if (one["side"] == "moment") is moment][:most]
            if chosen:
                told = [[one["side"], one["name"], _interval(one)] for one in chosen]
                yield f"{measure}, {'second stage' if moment else 'relevance'}", told
    pairs = [[one["diner"], one["restaurant"], _interval(one)] for one in importance["interactions"][:most]]
    yield "what both sides make together, mean |cell|", pairs
    bends = importance["partial_dependence"][:most]
    if bends:
        yield "partial dependence, second stage: lowest and highest", [_bend(one) for one in bends]


def _bend(one: Mapping[str, Any]) -> list[str]:
    ends = (min, max)
    found = [end(zip(one["value"], one["at"], strict=True)) for end in ends]
    return [one["feature"], "", *(f"{value:+.3f} at {at:.3g}" for value, at in found)]


def _interval(one: Mapping[str, float]) -> str:
    return f"{one['value']:>8.4f} [{one['low']:.4f}, {one['high']:.4f}]"


def _points(drawn: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """Points in the page's own units."""
    if drawn is None:
        return []
    axes = [[point[axis] for point in drawn["points"]] for axis in ("x", "y")]
    across, up = ([_scaled(value, axis) for value in axis] for axis in axes)
    fills = {"cuisine": "#1b5e8a", "district": "#b3541e"}
    found = []
    for point, x, y in zip(drawn["points"], across, up, strict=True):
        prefix, _, name = point["tag"].partition("=")
        found.append({"x": round(x, 1), "y": round(_MAP_SIZE - y, 1), "name": name, "fill": fills.get(prefix, "#666")})
    return found


def _scaled(value: float, axis: Sequence[float]) -> float:
    low, high = min(axis), max(axis)
    share = (value - low) / (high - low) if high > low else 0.5
    return _MARGIN + share * (_MAP_SIZE - 2 * _MARGIN)
