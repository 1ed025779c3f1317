"""Pages in Markdown and HTML, and numbers as they are written."""

import doctest
import re
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from models.cards import figures
from models.cards.figures import Figure, difference
from models.cards.page import Absent, Bullets, Code, Facts, Page, Paragraph, Section, Table, count
from models.cards.render import html, markdown
from services.api import forms
from services.stakeholders import differences
from tests.cards.reading_pages import PageReader

MARKS = "".join(chr(code) for code in range(33, 127)) + " \n\t éż中"
TEXTS = st.text(st.sampled_from(MARKS), min_size=1, max_size=40).filter(str.strip)


@pytest.mark.parametrize("module", [figures, forms, differences])
def test_examples_in_the_docstrings_hold(module: ModuleType) -> None:
    found = doctest.testmod(module)
    assert (found.failed, found.attempted > 0) == (0, True)


def words(text: str) -> str:
    return " ".join(text.split())


@settings(max_examples=60)
@given(st.lists(TEXTS, min_size=7, max_size=7))
def test_any_text_is_shown_as_it_is_in_both_forms(texts: list[str]) -> None:
    """Read back by parsers that have nothing to do with how it was written."""
    title, paragraph, absent, bullet, name, code, head = texts
    blocks = (
        Paragraph(paragraph),
        Absent(absent),
        Bullets([bullet, "one more"]),
        Facts([(name, Code(code))]),
        Table(title, (head, "n"), [(Code(code), count(1234)), (name, "-")]),
    )
    page = Page(title, paragraph, [Section("part", title, blocks)], "the end")
    shown = PageReader(html(page))
    read = PageReader(MarkdownIt("commonmark").enable("table").render(markdown(page)))

    assert shown.faults == read.faults == []
    assert not {"a", "img", "script"} & set(read.tags)
    for text in texts:
        assert words(text) in words(shown.text)
        assert words(text) in words(read.text)
    assert read.tags.count("table") == 2
    assert read.tags.count("li") == 2
    assert re.findall(r"\d,\d+", read.text)


@pytest.mark.parametrize(
    "text",
    [
        "<script src=x",
        "<!-- gone",
        "<div onclick=x",
        "<http://evil.example>",
        "&lt;b&gt; &#64;",
        "https://evil.example www.evil.example",
        "[a]: http://evil.example",
        "    code",
        "=====",
        "---",
        "| a | b |",
        "~~~",
    ],
)
def test_what_looks_like_markup_is_text(text: str) -> None:
    page = Page(
        "title", "lead", [Section("part", "part", [Paragraph("before"), Paragraph(text), Bullets([text])])], "end"
    )
    read = PageReader(MarkdownIt("commonmark").enable("table").render(markdown(page)))

    assert read.faults == []
    assert {"a", "pre", "code", "div", "script"}.isdisjoint(read.tags)
    assert (read.tags.count("h1"), read.tags.count("h2"), read.tags.count("hr")) == (1, 1, 1)
    assert read.text.count(words(text)) == 2


@given(*[st.floats(-1e6, 1e6)] * 2, *[st.floats(0, 1e3)] * 4)
def test_differences_are_antisymmetric_and_no_narrower_than_either(
    a: float, b: float, below_a: float, above_a: float, below_b: float, above_b: float
) -> None:
    first = Figure(value=a, low=a - below_a, high=a + above_a)
    second = Figure(value=b, low=b - below_b, high=b + above_b)
    apart, back = difference(first, second), difference(second, first)

    assert (apart.value, apart.low, apart.high) == pytest.approx((-back.value, -back.high, -back.low))
    assert apart.value - apart.low >= max(below_a, above_b) - 1e-6
    assert apart.high - apart.value >= max(above_a, below_b) - 1e-6


def test_a_page_says_itself_what_a_browser_may_do_with_it() -> None:
    page = html(Page("x", "y", [Section("part", "z", [Paragraph("w")])], "v"))
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page)

    assert policy is not None
    assert "default-src &#39;none&#39;; style-src &#39;sha256-" in policy[1]
    assert "unsafe" not in policy[1]
