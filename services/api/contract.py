"""What a change of the API breaks for those who have a client of it: two OpenAPI documents compared. Pure.

What a client sends must still be taken: of an input everything that was valid must be valid. What it reads must still
be what it expects: of an answer everything that may come must have been possible. Both are one question, whether a
schema holds all that another holds, asked in opposite directions. Fields that answers gain break nothing: clients leave
alone what they do not know. Bounds of answers are not compared, and neither is what goes wrong (4xx, 5xx).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

Node = Mapping[str, Any]

_LEAST: Final = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_MOST: Final = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_EXACT: Final = ("pattern", "multipleOf", "uniqueItems")
_METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_ANYTHING: Final = "anything"


def breaks(old: Node, new: Node) -> list[str]:
    """Each break in words, in the order of the old document; empty: every client goes on.

    old, new: OpenAPI 3.1 documents whose references lead into themselves.
    """
    return list(chain.from_iterable(_operations(old, new)))


def _operations(old: Node, new: Node) -> Iterator[Iterator[str]]:
    for path, methods in old["paths"].items():
        for method in (method for method in _METHODS if method in methods):
            name = f"{method.upper()} {path}"
            after = new["paths"].get(path, {}).get(method)
            if after is None:
                yield iter([f"{name} is gone"])
            else:
                yield _operation(name, _Pair(old, new), methods[method], after)


@dataclass(frozen=True)
class _Pair:
    """The two documents, to follow references in."""

    old: Node
    new: Node


def _operation(name: str, both: _Pair, old: Node, new: Node) -> Iterator[str]:
    if old.get("operationId") != new.get("operationId"):
        yield f"{name}: its operationId was {old.get('operationId')} and is {new.get('operationId')}"
    for role in sorted(set(old.get("x-roles", ())) - set(new.get("x-roles", old.get("x-roles", ())))):
        yield f"{name}: {role} may no longer call it"
    yield from _parameters(name, both, old, new)
    yield from _body(name, both, old.get("requestBody"), new.get("requestBody"))
    yield from _answers(name, both, old["responses"], new["responses"])


def _parameters(name: str, both: _Pair, old: Node, new: Node) -> Iterator[str]:
    before, after = _by_place(both.old, old), _by_place(both.new, new)
    for (place, field), one in before.items():
        where = f"{name}: {place} {field}"
        if (place, field) not in after:
            yield f"{where} is gone"
        else:
            now = after[place, field]
            if now.get("required") and not one.get("required"):
                yield f"{where} must now be there"
            yield from _taken(where, both, one.get("schema", {}), now.get("schema", {}))
    for (place, field), one in after.items():
        if (place, field) not in before and one.get("required"):
            yield f"{name}: {place} {field} is new and must be there"


def _by_place(document: Node, operation: Node) -> dict[tuple[str, str], Node]:
    found = (_resolved(document, one) for one in operation.get("parameters", ()))
    return {(one["in"], one["name"]): one for one in found}


def _body(name: str, both: _Pair, old: Node | None, new: Node | None) -> Iterator[str]:
    if new is None:
        if old is not None:
            yield f"{name}: takes no body any more"
        return
    if new.get("required") and not (old or {}).get("required"):
        yield f"{name}: a body must now be there"
    for kind, content in (old or {}).get("content", {}).items():
        if kind not in new["content"]:
            yield f"{name}: a body of {kind} is no longer taken"
        else:
            yield from _taken(f"{name}: body", both, content.get("schema", {}), new["content"][kind].get("schema", {}))


def _answers(name: str, both: _Pair, old: Node, new: Node) -> Iterator[str]:
    for status in (status for status in old if status.startswith("2")):
        if status not in new:
            yield f"{name}: {status} is no longer answered"
            continue
        before, after = _resolved(both.old, old[status]), _resolved(both.new, new[status])
        for header in sorted(set(before.get("headers", ())) - set(after.get("headers", ()))):
            yield f"{name}: {status} comes without the header {header}"
        for kind, content in before.get("content", {}).items():
            if kind not in after.get("content", {}):
                yield f"{name}: {status} is no longer answered as {kind}"
            else:
                now = after["content"][kind].get("schema", {})
                yield from _read(f"{name}: {status}", both, content.get("schema", {}), now)


# -- schemas


def _taken(where: str, both: _Pair, old: Node, new: Node) -> Iterator[str]:
    """Why something that was taken is not taken now."""
    return _Inclusion(both.old, both.new, sent=True).faults(where, old, new)


def _read(where: str, both: _Pair, old: Node, new: Node) -> Iterator[str]:
    """Why something may come now that could not come before."""
    return _Inclusion(both.new, both.old, sent=False).faults(where, new, old)


class _Inclusion:
    """Whether all that the inner schema allows the outer allows too.

    sent: clients send it, and the inner one is the old; else they read it, and the inner one is the new.
    """

    def __init__(self, inner: Node, outer: Node, sent: bool) -> None:
        self._inner, self._outer, self._sent = inner, outer, sent
        self._seen: set[tuple[str, str]] = set()

    def faults(self, where: str, inner: Node, outer: Node) -> Iterator[str]:
        """In words, with where it is."""
        names = (str(inner.get("$ref", "")), str(outer.get("$ref", "")))
        if all(names):
            if names in self._seen:
                return
            self._seen.add(names)
        kinds, allowed = _variants(self._inner, inner), _variants(self._outer, outer)
        if not any(allowed):
            return
        for kind in kinds:
            fitting = [one for one in allowed if _type_fits(kind, one)]
            if not fitting:
                yield f"{where}: {self._words('no longer takes', 'may now be')} {_type(kind)}"
                continue
            # Of several variants that it could be, the one that it comes closest to says what is wrong.
            yield from min((list(self._within(where, kind, one)) for one in fitting), key=len)

    def _words(self, sent: str, read: str) -> str:
        return sent if self._sent else read

    def _within(self, where: str, inner: Node, outer: Node) -> Iterator[str]:
        """The same for one variant of each, of one type."""
        yield from self._values(where, inner, outer)
        if self._sent:
            yield from _bounds(where, inner, outer)
        yield from self._fields(where, inner, outer)
        for key, mark in (("items", "[]"), ("additionalProperties", "{}")):
            if isinstance(inner.get(key), Mapping) and isinstance(outer.get(key), Mapping):
                yield from self.faults(where + mark, inner[key], outer[key])
        places = zip(inner.get("prefixItems", ()), outer.get("prefixItems", ()), strict=False)
        for number, (one, other) in enumerate(places):
            yield from self.faults(f"{where}[{number}]", one, other)

    def _values(self, where: str, inner: Node, outer: Node) -> Iterator[str]:
        if (allowed := _enumerated(outer)) is None:
            return
        if (values := _enumerated(inner)) is None:
            yield f"{where}: {self._words('takes only', 'was only')} {_listed(allowed)}"
            return
        for value in values:
            if value not in allowed:
                yield f"{where}: {self._words('no longer takes', 'may now be')} {value!r}"

    def _fields(self, where: str, inner: Node, outer: Node) -> Iterator[str]:
        old, new = (inner, outer) if self._sent else (outer, inner)
        had, has = old.get("properties", {}), new.get("properties", {})
        for name in (name for name in had if name not in has):
            yield f"{where}.{name} is gone"
        inside, outside = inner.get("properties", {}), outer.get("properties", {})
        for name in outer.get("required", ()):
            if name in inner.get("required", ()) or name not in has:
                continue
            yield f"{where}.{name} {self._words('must now be there', 'need no longer be there')}"
        for name in (name for name in inside if name in outside):
            yield from self.faults(f"{where}.{name}", inside[name], outside[name])
        if self._sent and outer.get("additionalProperties") is False and _is_open(inner):
            yield f"{where}: takes no other fields any more"


def _bounds(where: str, inner: Node, outer: Node) -> Iterator[str]:
    for key in (*_LEAST, *_MOST):
        was, now = inner.get(key), outer.get(key)
        if now is None or (was is not None and (was >= now if key in _LEAST else was <= now)):
            continue
        yield f"{where}: {key} was {'not bounded' if was is None else was} and is {now}"
    for key in _EXACT:
        was, now = inner.get(key), outer.get(key)
        if now not in (None, False, was):
            yield f"{where}: {key} was {'not asked for' if was is None else was} and is {now}"


def _is_open(schema: Node) -> bool:
    return bool(schema.get("properties")) and schema.get("additionalProperties", True) is not False


def _enumerated(schema: Node) -> Sequence[Any] | None:
    if "const" in schema:
        return [schema["const"]]
    values: Sequence[Any] | None = schema.get("enum")
    return values


def _listed(values: Sequence[Any]) -> str:
    return ", ".join(map(repr, values))


def _variants(document: Node, schema: Node) -> list[Node]:
    """A schema's alternatives, each of at most one type, with references followed and `allOf` put together."""
    schema = _resolved(document, schema)
    for joint in ("anyOf", "oneOf"):
        if joint in schema:
            rest = {key: value for key, value in schema.items() if key != joint}
            several = (_variants(document, one) for one in schema[joint])
            return [_merged(rest, one) for one in chain.from_iterable(several)]
    if "allOf" in schema:
        together: Node = {key: value for key, value in schema.items() if key != "allOf"}
        for part in schema["allOf"]:
            together = _merged(together, _resolved(document, part))
        return [together]
    kinds = schema.get("type")
    return [{**schema, "type": kind} for kind in kinds] if isinstance(kinds, list) else [schema]


def _merged(one: Node, other: Node) -> Node:
    fields = {**one.get("properties", {}), **other.get("properties", {})}
    required = [*one.get("required", ()), *other.get("required", ())]
    together = {**one, **other}
    return together | ({"properties": fields} if fields else {}) | ({"required": required} if required else {})


def _resolved(document: Node, node: Node) -> Node:
    while "$ref" in node:
        beside = {key: value for key, value in node.items() if key != "$ref"}
        found: Any = document
        for step in str(node["$ref"]).removeprefix("#/").split("/"):
            found = found[step.replace("~1", "/").replace("~0", "~")]
        node = {**found, **beside}
    return node


def _type_fits(inner: Node, outer: Node) -> bool:
    asked, given = outer.get("type"), inner.get("type")
    if asked is None:
        return True
    if given != asked and not (given == "integer" and asked == "number"):
        return False
    return outer.get("format") in (None, inner.get("format"))


def _type(schema: Node) -> str:
    kind = str(schema.get("type", _ANYTHING))
    return f"{kind} ({schema['format']})" if "format" in schema else kind
