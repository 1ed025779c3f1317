"""Pages as Markdown and as HTML. Everything is escaped: names come from whoever runs a restaurant."""

import hashlib
import re
from base64 import b64encode
from collections.abc import Callable, Sequence
from functools import cache
from importlib.resources import files
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from pydantic import BaseModel

from models.cards.forms import Form
from models.cards.page import Absent, Block, Bullets, Cell, Code, Facts, Page, Paragraph, Quantity, Table

_TEMPLATE: Final = "page.html"
_STYLE: Final = "page.css"
_ESCAPED: Final = re.compile(
    r"[\\`*|]"  # wherever they stand
    r"|(?<![^\W_])_|_(?![^\W_])"  # emphasis, but at the inside of a word
    r"|~(?=~)|(?<=~)~"
    r"|\](?=[(\[:])"  # links, and what they refer to
    r"|^(?:#+|\[|[-+=](?=[-+=\s]|$))"  # titles, definitions, lists and rules, at the beginning of a line
)
_NUMBERED: Final = re.compile(r"^(\d+)([.)])(?=\s)")
_ENTITIES: Final = (
    (re.compile("&"), "&amp;"),
    (re.compile("<"), "&lt;"),
    (re.compile(">"), "&gt;"),
    # GitHub makes links of these by themselves.
    (re.compile("://"), "&#58;//"),
    (re.compile(r"(?i)(www)\."), r"\1&#46;"),
    (re.compile(r"@(?=[\w-]+\.)"), "&#64;"),
)


def written(document: BaseModel, page: Callable[[], Page], form: Form) -> str:
    """A document in a form; `page` makes its page where it takes one."""
    if form is Form.JSON:
        return document.model_dump_json(indent=2) + "\n"
    return html(page()) if form is Form.HTML else markdown(page())


def html(page: Page) -> str:
    """One file that needs nothing else: no script, no font, no image, its style within."""
    return _environment().get_template(_TEMPLATE).render(page=page, style=_style(), policy=_policy())


def content_security_policy() -> str:
    """What a browser may do with `html`: show it, with its own style and no other."""
    return f"{_policy()}; frame-ancestors 'none'"


def markdown(page: Page) -> str:
    """GitHub's Markdown."""
    parts = [f"# {_plain(page.title)}", _plain(page.lead)]
    for section in page.sections:
        parts.append(f"## {_plain(section.title)}")
        parts += [_block(block) for block in section.blocks]
    return "\n\n".join([*parts, "---", _plain(page.foot)]) + "\n"


def _block(block: Block) -> str:
    match block:
        case Paragraph(text):
            return _plain(text)
        case Absent(text):
            return f"*{_plain(text)}*"
        case Bullets(items):
            return "\n".join(f"- {_plain(item)}" for item in items)
        case Facts(rows):
            return _table(("", ""), rows)
        case Table(caption, head, rows):
            return f"**{_plain(caption)}**\n\n{_table(head, rows)}"


def _table(head: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str:
    lines = [[_plain(name) for name in head], ["---"] * len(head), *([_cell(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(cell: Cell) -> str:
    match cell:
        case Quantity():
            return _plain(cell.text)
        case Code(text) if re.fullmatch(r"[^`|<&\s](?:[^`|<&\x00-\x1f]*[^`|<&\s])?", text):
            return f"`{text}`"
        case Code(text):
            return _plain(text)
        case "-":
            return cell  # a rule or a list at the beginning of a line only
        case str():
            return _plain(cell)


def _plain(text: str) -> str:
    """Text that means itself: on one line, with nothing that Markdown or the HTML in it would take for markup."""
    line = _ESCAPED.sub(lambda mark: "".join(f"\\{letter}" for letter in mark[0]), " ".join(text.split()))
    line = _NUMBERED.sub(r"\1\\\2", line)
    for mark, instead in _ENTITIES:
        line = mark.sub(instead, line)
    return line


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("models.cards", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _style() -> Markup:
    return Markup(files("models.cards").joinpath("templates", _STYLE).read_text("utf-8"))  # noqa: S704 - our own file


@cache
def _policy() -> str:
    digest = b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
