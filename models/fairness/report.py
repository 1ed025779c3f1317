"""The report for people who are no engineers: the audit's document as plain sentences, and as one page of HTML.

The page needs nothing else: its pictures are inline SVG, and every number in it stands in the JSON beside it.
"""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from models.fairness.intervals import SURE

if TYPE_CHECKING:
    from jinja2 import Environment

Document = Mapping[str, Any]

CANNOT_SAY: Final = (
    "Merit is what was ordered, corrected for the place in the list. A restaurant that is never shown earns no orders, "
    "so its merit is a floor and not a measurement.",
    "Groups are those that the data name. A group that nobody recorded can be treated badly without a trace here.",
    "A gap does not say why it is there. Tastes, prices, distances and opening hours differ between groups too.",
    "Differences within small groups are not seen: groups below the stated size are left out, together with who is in "
    "them, and whoever knows the total can still work out a single group that is left out.",
    "Equal figures are no proof of fairness: which differences matter is decided by people, at the table.",
)
CHECKS: Final = {
    "labels": "orders logged in part",
    "flip": "protected words that change a list",
    "proxy": "words that tell a protected attribute",
    "search": "protected words of a search that change what is found",
}
"""What findings are looked for by, in words."""
_LEFT_OUT: Final[Document] = {
    "changes": [],
    "flip_test": [],
    "words": [],
    "proxies": [],
    "carried_by": {},
    "labels": [],
    "search_flip": [],
}
"""Parts that a live report or an audit does not have."""
_WIDTH: Final = 640
_LABEL: Final = 210
_ROW: Final = 24


def sentences(document: Document) -> list[str]:
    """What was found, in plain sentences with numbers: the findings, then what differs, then the rest in one line."""
    told = _found(document)
    if not document["comparisons"] and not document["metrics"]:
        told.insert(0, "Nothing was measured: there is nothing to compare.")
    compared = document["comparisons"]
    told += [sentence(one) for one in compared if one["p_adjusted"] < SURE]
    level: dict[str, list[str]] = {}
    for one in compared:
        if one["p_adjusted"] >= SURE:
            level.setdefault(one["measure"], []).append(one["attribute"])
    told += [
        f"{measure}: chance may explain all differences by {', '.join(attributes)}."
        for measure, attributes in level.items()
    ]
    flips = (*document.get("flip_test", ()), *document.get("words", ()))
    searches = document.get("search_flip", ())
    return [*told, *_concentration(document["metrics"]), *_flips(flips), *_searches(searches)]


def sentence(compared: Document) -> str:
    """One comparison in words."""
    groups = sorted(compared["groups"], key=lambda group: group["value"])
    least, most = groups[0], groups[-1]
    ratio, gap = compared["ratio"], compared["gap"]
    if compared["side"] == "restaurants":
        words = (
            f"For every order that they earn, {_named(compared, most)} have {most['value']:.1f} looks and "
            f"{_named(compared, least)} {least['value']:.1f}: that is {_percent(ratio['value'])} as many "
            f"({_percent(ratio['low'])} to {_percent(ratio['high'])}). If the groups meant nothing it would be about "
            f"{_percent(compared['by_chance'])}"
        )
    else:
        words = (
            f"{compared['measure']}: {_named(compared, most)} {most['value']:.3f}, {_named(compared, least)} "
            f"{least['value']:.3f}, which is {gap['value']:.3f} apart ({gap['low']:.3f} to {gap['high']:.3f}). If the "
            f"groups meant nothing it would be about {compared['by_chance']:.3f}"
        )
    verdict = "chance does not explain it" if compared["p_adjusted"] < SURE else "chance may explain it"
    return f"{words}; {verdict} (p {_p(compared['p'])}, {_p(compared['p_adjusted'])} for looking at so many)."


def _p(value: float) -> str:
    return f"= {value:.3f}" if value >= 0.001 else "< 0.001"


def html(document: Document, title: str) -> str:
    """The whole page."""
    compared = [
        {**one, "words": sentence(one), "picture": _picture(one), "hidden": _hidden(one)}
        for one in document["comparisons"]
    ]
    template = _environment().get_template("report.html")
    return template.render(
        title=title,
        about=document["about"],
        summary=sentences(document),
        restaurants=[one for one in compared if one["side"] == "restaurants"],
        diners=[one for one in compared if one["side"] == "diners"],
        document={**_LEFT_OUT, **document},
        cannot_say=CANNOT_SAY,
        sure=SURE,
    )


def content_security_policy() -> str:
    """What a browser may do with `html`: show it, with its own style and no other."""
    template = (Path(__file__).parent / "report.html").read_text(encoding="utf-8")
    style = template.partition("<style>")[2].partition("</style>")[0]
    digest = b64encode(sha256(style.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def _found(document: Document) -> list[str]:
    """The findings; where there are none, by which checks: one that did not run clears nobody."""
    if document["findings"] is None:
        return ["What looks like discrimination by the log or the model is not looked for in live lists."]
    told = [f"Finding: {one['explanation']}" for one in document["findings"]]
    ran, missed = document["looked_for"], [name for name in CHECKS if name not in document["looked_for"]]
    if ran and not told:
        by = ", ".join(CHECKS[one] for one in ran)
        told.append(f"Nothing looks like discrimination by what was looked for: {by}.")
    if missed:
        told.append(f"Not looked for: {', '.join(CHECKS[one] for one in missed)}.")
    return told


def _concentration(metrics: Document) -> list[str]:
    told = []
    if "coverage" in metrics and "gini" in metrics:
        told.append(
            f"{_percent(metrics['coverage']['value'])} of all restaurants are shown at all; the Gini index of exposure "
            f"is {metrics['gini']['value']:.2f} (0: all alike, near 1: a few have all)."
        )
    if "tail_share" in metrics:
        share = _percent(metrics["tail_share"]["value"])
        told.append(f"The less popular four fifths of the restaurants have {share} of the places.")
    return told


def _flips(flips: Sequence[Document]) -> list[str]:
    """What a changed word of a diner does: nothing, no more than chance, or more."""
    same = [one["attribute"] for one in flips if one["identical"]]
    beyond = [one for one in flips if one["beyond_noise"]]
    within = [one["attribute"] for one in flips if not one["identical"] and not one["beyond_noise"]]
    told = [f"With one word changed, lists stay the same to the bit: {', '.join(same)}."] if same else []
    if within:
        told.append(f"With one word changed, lists differ no more than those of equal diners: {', '.join(within)}.")
    if beyond:
        moved = ", ".join(
            f"{one['attribute']} ({_percent(one['changed']['value'])} of the first ten)" for one in beyond
        )
        told.append(f"With one word changed, lists differ by more than those of equal diners: {moved}.")
    return told


def _searches(flips: Sequence[Document]) -> list[str]:
    """The same of a word of a query."""
    nothing = [one for one in flips if one["empty"] == one["pairs"]]
    why = {
        "finds nothing, whatever the word": nothing,
        "finds the same": [one for one in flips if one["identical"] and one not in nothing],
        "finds other restaurants, all of them by their own text": [
            one for one in flips if one["explained"] and not one["identical"]
        ],
        "finds others than their text says, by no more than two equal queries do": [
            one for one in flips if not one["explained"] and not one["beyond_noise"]
        ],
        "finds others than their text says": [one for one in flips if one["beyond_noise"]],
    }
    return [
        f"A search with one word changed {what}: {', '.join(one['attribute'] for one in found)}."
        for what, found in why.items()
        if found
    ]


def _named(compared: Document, group: Document) -> str:
    return f"{compared['attribute']} {group['group']}"


def _percent(value: float) -> str:
    return f"{100.0 * value:.0f} %"


def _hidden(compared: Document) -> str:
    hidden = compared["not_shown"]
    if not hidden["groups"]:
        return ""
    return (
        f"{hidden['groups']} group(s) with fewer than {hidden['fewer_than']} members, {hidden['members']} together, "
        "are not shown."
    )


def _picture(compared: Document) -> dict[str, Any]:
    """Where everything stands in the picture of a comparison, in pixels."""
    groups = sorted(compared["groups"], key=lambda group: -group["value"])
    top = max(max(group["high"] for group in groups), compared["overall"], 1e-12)

    def at(value: float) -> float:
        return float(round(_LABEL + (_WIDTH - _LABEL - 60) * max(0.0, value) / top, 1))

    rows = [
        {
            "label": f"{group['group']} ({group['n']:,})",
            "middle": _ROW * index + _ROW / 2 + 6,
            "value": at(group["value"]),
            "low": at(group["low"]),
            "high": at(group["high"]),
            "text": f"{group['value']:.3g}",
        }
        for index, group in enumerate(groups)
    ]
    height = _ROW * len(rows) + 12
    return {"width": _WIDTH, "height": height, "start": _LABEL, "overall": at(compared["overall"]), "rows": rows}


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    folder = FileSystemLoader(Path(__file__).parent)
    return Environment(loader=folder, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
