"""The reference pages, made from the code that they are about: python scripts/reference.py [--check | --breaks [OLD]].

`docs/reference/` has the command line (from the commands themselves), the HTTP API (from the OpenAPI and the table of
rights), the OpenAPI itself, the metrics and the events. Whoever changes one of them runs this again; a test compares.

An API that breaks its clients is not written over the one that they know: each break is said, and `--accept-breaks` is
needed. `--breaks` only compares, with the kept OpenAPI or with another file.
"""

import json
import sys
from collections.abc import Iterator
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any

import typer.main

from services.access.roles import SEATS, Role
from services.api.app import create_app
from services.api.contract import breaks
from services.cli.main import app as commands
from services.monitoring.metrics import Metrics
from services.monitoring.worker_metrics import WorkerMetrics
from services.settings import Settings

PAGES = Path(__file__).parent.parent / "docs" / "reference"
OPENAPI = "openapi.json"
_MADE = "*Made by `python scripts/reference.py`; changes by hand are lost.*\n"
_GROUPS = (
    (frozenset(Role), "anyone with a key"),
    (frozenset(Role) - {Role.APP}, "seats, auditor, admin"),
    (frozenset({*SEATS, Role.ADMIN}), "seats, admin"),
    (frozenset(SEATS), "seats, each for itself"),
)


def pages() -> dict[str, str]:
    """File name -> text."""
    return {
        "cli.md": _cli(),
        "api.md": _api(),
        OPENAPI: json.dumps(_document(), indent=1, ensure_ascii=False) + "\n",
        "metrics.md": _metrics(),
        "events.md": _events(),
    }


# -- the command line


def _cli() -> str:
    group = typer.main.get_command(commands)
    lines = ["# The command line", "", _MADE]
    lines += ["Exit codes: 0 done, 1 the check failed, 2 wrong use. `-v` shows where an error came from.", ""]
    for name, command in _commands(group, "tablestakes"):
        lines += [f"## `{name}`", "", _plain(command.help or ""), ""]
        lines += _parameters(command)
    return "\n".join(lines).rstrip() + "\n"


def _commands(group: Any, path: str) -> Iterator[tuple[str, Any]]:
    for name, command in sorted(getattr(group, "commands", {}).items()):
        if getattr(command, "commands", None):
            yield from _commands(command, f"{path} {name}")
        elif not command.hidden:
            yield f"{path} {name}", command


def _parameters(command: Any) -> list[str]:
    rows = [_parameter(one) for one in command.params if not getattr(one, "hidden", False) and one.name != "help"]
    return ["| parameter | default | what it is |", "|---|---|---|", *rows, ""] if rows else []


def _parameter(one: Any) -> str:
    argument = one.param_type_name == "argument"
    name = (one.metavar or one.name.upper()) if argument else ", ".join((*one.opts, *one.secondary_opts))
    kind = "" if getattr(one, "is_flag", False) or argument else f" {_type(one)}"
    wanted = one.default is None or callable(one.default) or one.default in ((), [], "", False)
    default = "required" if one.required else ("" if wanted else f"`{_value(one.default)}`")
    shown = f"{name}{kind}".replace("\\|", "|").replace("|", "\\|")
    return f"| `{shown}` | {default} | {_cell(getattr(one, 'help', None) or '')} |"


def _type(one: Any) -> str:
    if one.metavar:
        return str(one.metavar)
    kind = one.type_descriptor.annotation
    if isinstance(kind, type) and issubclass(kind, Enum):
        return "\\|".join(str(choice.value) for choice in kind)
    bounds = "" if one.min is None and one.max is None else f" {one.min}..{'' if one.max is None else one.max}"
    return getattr(kind, "__name__", str(kind)).lower() + bounds


def _value(value: Any) -> str:
    return ", ".join(map(_value, value)) if isinstance(value, list | tuple) else str(getattr(value, "value", value))


# -- the HTTP API


@cache
def _document() -> dict[str, Any]:
    return create_app(Settings()).openapi()


def _api() -> str:
    document = _document()
    lines = ["# The HTTP API", "", _MADE, document["info"]["description"].strip(), ""]
    lines += [
        "`/openapi.json` is the exact contract with bodies and examples (`x-roles` says who may call); `/docs` draws"
    ]
    lines += [
        "it. `/metrics` needs no key. [openapi.json](openapi.json) is kept here, and `make openapi-check` says what"
    ]
    lines += ["a change of the code breaks for those who have a client of it.", ""]
    by_tag: dict[str, list[str]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            by_tag.setdefault(operation["tags"][0], []).append(_operation(method.upper(), path, operation))
    for tag, rows in by_tag.items():
        lines += [f"## {tag.capitalize()}", "", "| route | who | what |", "|---|---|---|", *rows, ""]
    return "\n".join(lines).rstrip() + "\n"


def _operation(method: str, path: str, operation: dict[str, Any]) -> str:
    query = [
        one["name"] + ("" if one["required"] else "?")
        for one in operation.get("parameters", ())
        if one["in"] == "query"
    ]
    what = _plain(operation.get("description") or operation["summary"]).split("\n\n")[0]
    asked = f"<br>query: {', '.join(f'`{name}`' for name in query)}" if query else ""
    return (
        f"| `{method} {path}`<br>{operation['operationId']} | {_who(operation.get('x-roles'))} | {_cell(what)}{asked} |"
    )


def _who(roles: list[str] | None) -> str:
    if roles is None:
        return "anyone"
    held = frozenset(map(Role, roles))
    return next((words for group, words in _GROUPS if group == held), ", ".join(roles))


# -- metrics and events


def _metrics() -> str:
    lines = ["# Metrics", "", _MADE]
    for title, registry in (("The API, at `/metrics`", Metrics().registry), ("The worker", WorkerMetrics().registry)):
        lines += [f"## {title}", "", "| metric | type | labels | what it is |", "|---|---|---|---|"]
        for collector in sorted(registry._collector_to_names, key=lambda one: str(getattr(one, "_name", ""))):
            lines += [_metric(collector)] if hasattr(collector, "_name") else []
        lines += [""]
    lines += ["What to watch, and the alerts made of them: [monitoring](../monitoring.md)."]
    return "\n".join(lines) + "\n"


def _metric(metric: Any) -> str:
    name = metric._name + ("_total" if metric._type == "counter" else "")
    labels = ", ".join(f"`{label}`" for label in metric._labelnames)
    return f"| `{name}` | {metric._type} | {labels} | {_cell(metric._documentation)} |"


def _events() -> str:
    schema = _document()["components"]["schemas"]["EventWrite"]
    lines = [
        "# Events",
        "",
        _MADE,
        "One object, an array, or NDJSON to `POST /v1/events`. 202 means on disk; an event is known by its",
    ]
    lines += ["`event_id`, so that sending it again does nothing.", "", "| field | | what it is |", "|---|---|---|"]
    for name, field in schema["properties"].items():
        need = "required" if name in schema.get("required", ()) else "optional"
        lines += [f"| `{name}` | {need} | {_cell(_meaning(field))} |"]
    return "\n".join(lines) + "\n"


def _meaning(field: dict[str, Any]) -> str:
    options = field.get("anyOf", [field])
    kinds = [_kind(one) for one in options if one.get("type") != "null"]
    return "; ".join(filter(None, (" or ".join(kinds), _plain(field.get("description", "")))))


def _kind(field: dict[str, Any]) -> str:
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    bounds = [f"{word} {field[key]}" for key, word in (("minimum", "from"), ("maximum", "to"), ("maxLength", "at most"))
              if key in field]  # fmt: skip
    return " ".join((field.get("format") or field.get("type") or "value", *bounds))


# -- text


def _plain(text: str) -> str:
    return "\n\n".join(" ".join(part.split()) for part in text.strip().split("\n\n"))


def _cell(text: str) -> str:
    return _plain(text).replace("\n\n", "<br>").replace("|", "\\|")


def main(arguments: list[str]) -> int:
    """Write the pages; with --check say which are not as they would be written, with --breaks what breaks clients."""
    made = pages()
    stale = [name for name, text in made.items() if not _same(PAGES / name, text)]
    if "--breaks" in arguments:
        others = [Path(argument) for argument in arguments if not argument.startswith("-")]
        return 1 if _breaks(others[0] if others else PAGES / OPENAPI) else 0
    if "--check" in arguments:
        for name in stale:
            print(f"docs/reference/{name} is not what the code says: run python scripts/reference.py", file=sys.stderr)
        return 1 if stale else 0
    if OPENAPI in stale and _breaks(PAGES / OPENAPI) and "--accept-breaks" not in arguments:
        print("nothing is written: mend it, or say --accept-breaks", file=sys.stderr)
        return 1
    PAGES.mkdir(parents=True, exist_ok=True)
    for name in stale:
        (PAGES / name).write_text(made[name])
    return 0


def _breaks(known: Path) -> bool:
    """Say what breaks the clients of an API that is kept in a file; whether anything does."""
    found = breaks(json.loads(known.read_text()), _document()) if known.exists() else []
    for one in found:
        print(f"breaks clients: {one}", file=sys.stderr)
    return bool(found)


def _same(page: Path, text: str) -> bool:
    return page.exists() and page.read_text() == text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
