"""What a page of HTML says, read by a parser that forgives nothing."""

from html.parser import HTMLParser
from typing import Any

VOID = {"meta", "br", "hr", "img", "link", "input"}
OUTSIDE = {"src", "href", "srcset", "action", "data", "poster", "formaction", "background"}


class PageReader(HTMLParser):
    """Collects elements, texts and figures; `faults` are tags that do not match and attributes that lead outside."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.faults: list[str] = []
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.figures: list[tuple[float, float, float, str]] = []
        self.text = ""
        self._figure: list[Any] | None = None
        self.feed(page)
        self.close()
        self.faults += [f"never closed: {tag}" for tag in self.open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if len(found) != len(attrs):
            self.faults.append(f"an attribute twice: {attrs}")
        self.tags.append(tag)
        if "id" in found:
            self.ids.append(str(found["id"]))
        for name, value in found.items():
            if name in OUTSIDE and not str(value).startswith("#"):
                self.faults.append(f"leads outside: {tag} {name}={value}")
            if name.startswith("on") or name == "style":
                self.faults.append(f"code within: {tag} {name}={value}")
        if "href" in found:
            self.links.append(str(found["href"]))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "data":
            self._figure = [float(str(found[name])) for name in ("value", "data-low", "data-high")]

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if not self.open or self.open[-1] != tag:
            self.faults.append(f"closed without being open: {tag} in {self.open[-3:]}")
            return
        self.open.pop()
        if tag == "data":
            self._figure = None

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "script"):
            self.text += data
        if self._figure is not None:
            value, low, high = self._figure
            self.figures.append((value, low, high, data))


def figures_in(document: Any) -> set[tuple[float, float, float]]:
    """All `{"value", "low", "high"}` of a JSON document, and its bare numbers as figures without error."""
    if isinstance(document, dict):
        if {"value", "low", "high"} <= set(document):
            own = {(document["value"], document["low"], document["high"])}
            return own | {figure for value in document.values() for figure in figures_in(value)}
        inner = {figure for value in document.values() for figure in figures_in(value)}
        if {"loss", "low", "high"} <= set(document):
            inner.add((document["loss"], document["low"], document["high"]))
        return inner
    if isinstance(document, list):
        return {figure for value in document for figure in figures_in(value)}
    if isinstance(document, int | float) and not isinstance(document, bool):
        return {(float(document),) * 3}  # type: ignore[arg-type]
    return set()
