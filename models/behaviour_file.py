"""Behavioural checks of one's own, as a YAML file: what must change nothing, what must change what, what must work.

    checks:
      - name: parking is a detail
        kind: invariance
        side: restaurant
        change: {remove: ["parking=*"], add: ["parking=yes"]}
        at_most: 0.05
      - name: who likes thai finds thai higher up
        kind: direction
        side: diner
        change: {add: ["likes=thai"]}
        look_at: ["cuisine=thai"]
        expect: higher
      - name: low budgets do not get dear places on top
        kind: minimum
        diners: ["budget=low"]
        restaurants: ["price=4"]
        at_most: 0.6

Everything is told by where a restaurant stands in a list: the share of the others that it is scored above, 0 at the end
and 1 at the top. Who is changed is asked about as a newcomer, before and after, for a known row has an identity of its
own. A tag that the market does not have fails its check and says so: a check that asks about nobody checks nothing.
"""

import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import numpy as np
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from models.base import FeatureTable, FloatArray, ModelError, factor_scores
from models.behaviour import Check, Outcome, Subject, shares_below, tags_of
from models.slices.cases import Bools, Doubles

LARGEST_FILE: Final = 1_000_000
_RESTAURANTS: Final = 200
_Share = Annotated[float, Field(ge=0.0, le=1.0)]
_Tag = Annotated[str, Field(pattern=r"^[^=\s][^=]*=.+$", max_length=200)]


class ChecksFileError(ModelError):
    """A file of checks that cannot be used; the message names file, line and mend."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Change(_Part):
    """Another set of tags; `name=*` removes whatever value there is."""

    remove: tuple[_Tag, ...] = ()
    add: tuple[_Tag, ...] = ()

    @model_validator(mode="after")
    def _changes_something(self) -> "Change":
        if not self.remove and not self.add:
            raise ValueError("say what to `add` or to `remove`")
        return self

    def of(self, tags: Sequence[str]) -> list[str]:
        """The tags after it."""
        kept = [tag for tag in tags if not any(_matches(tag, pattern) for pattern in self.remove)]
        return [*kept, *(tag for tag in self.add if tag not in kept)]


class _Changing(_Part):
    name: str = Field(min_length=1, max_length=100)
    side: Literal["diner", "restaurant"]
    of: tuple[_Tag, ...] = ()
    """Who is changed: those with all these tags; everybody by default."""
    change: Change


class Invariance(_Changing):
    """What must change nothing: restaurants keep their places."""

    kind: Literal["invariance"]
    at_most: _Share = 0.02
    """Mean change of a restaurant's standing, up or down."""


class Direction(_Changing):
    """What must change the standing of some restaurants this way."""

    kind: Literal["direction"]
    look_at: tuple[_Tag, ...] = ()
    """A changed diner's restaurants with all these tags; a changed restaurant is looked at itself."""
    expect: Literal["higher", "lower"]
    by: _Share = 0.0
    """At least."""

    @model_validator(mode="after")
    def _looks_at_some(self) -> "Direction":
        if self.side == "diner" and not self.look_at:
            raise ValueError("a change of a diner needs `look_at`: the tags of the restaurants that are to move")
        if self.side == "restaurant" and self.look_at:
            raise ValueError("a changed restaurant is looked at itself: leave `look_at` out")
        return self


class Minimum(_Part):
    """What must work at all: where some restaurants stand in the lists of some known diners."""

    name: str = Field(min_length=1, max_length=100)
    kind: Literal["minimum"]
    diners: tuple[_Tag, ...] = ()
    restaurants: tuple[_Tag, ...] = ()
    at_least: _Share | None = None
    at_most: _Share | None = None

    @model_validator(mode="after")
    def _has_one_bound(self) -> "Minimum":
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError("give one of `at_least` and `at_most`")
        return self


class _File(_Part):
    checks: tuple[Annotated[Invariance | Direction | Minimum, Field(discriminator="kind")], ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_differ(self) -> "_File":
        names = [check.name for check in self.checks]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two checks are called {name!r}: a reason must name one")
        return self


def read_checks(path: Path) -> tuple[Check, ...]:
    """The file's checks; raises ChecksFileError where it cannot be read or says something that has no meaning."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise ChecksFileError(f"{path} is larger than {LARGEST_FILE:,} bytes: it is no file of checks")
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ChecksFileError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, yaml.SafeLoader)):
            raise ChecksFileError(f"{path}: no aliases (*name): write each check out")
        node = yaml.compose(text, yaml.SafeLoader)
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark is not None else ""
        raise ChecksFileError(f"{path}{line}: no YAML: {getattr(error, 'problem', None) or error}") from None
    try:
        file = _File.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        number, where = _place(node, first["loc"])
        raise ChecksFileError(f"{path}, line {number}: {where}: {_mend(first)}") from None
    return tuple(_as_check(check) for check in file.checks)


def read_python_checks(path: Path) -> tuple[Check, ...]:
    """CHECKS of a Python file, functions as those of `models.behaviour`. The file is run: it must be one's own.

    Raises ChecksFileError where it cannot be run, or names no CHECKS.
    """
    spec = importlib.util.spec_from_file_location("checks_of_ones_own", path)
    if spec is None or spec.loader is None:
        raise ChecksFileError(f"{path} is no Python file: its name must end in .py")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise ChecksFileError(f"{path} cannot be run: {type(error).__name__}: {error}") from error
    checks = getattr(module, "CHECKS", None)
    if not isinstance(checks, list | tuple) or not checks or not all(callable(check) for check in checks):
        raise ChecksFileError(f"{path}: define CHECKS, a tuple of functions from Subject to Outcome")
    return tuple(checks)


# -- the checks


@dataclass(frozen=True)
class _Unknown(Exception):
    words: str


def _as_check(declared: Invariance | Direction | Minimum) -> Check:
    def check(subject: Subject) -> Outcome:
        try:
            match declared:
                case Invariance():
                    return _invariance(declared, subject)
                case Direction():
                    return _direction(declared, subject)
                case Minimum():
                    return _minimum(declared, subject)
        except _Unknown as unknown:
            return Outcome(declared.name, False, 0.0, 0.0, unknown.words)

    return check


def _invariance(check: Invariance, subject: Subject) -> Outcome:
    before, after = _standings(check, subject)
    moved = float(np.abs(after - before).mean())
    words = f"a change of {check.side}s that must change nothing moves restaurants ({moved:.3f} of the list on average"
    return Outcome(check.name, moved <= check.at_most, moved, check.at_most, f"{words}, at most {check.at_most:g})")


def _direction(check: Direction, subject: Subject) -> Outcome:
    before, after = _standings(check, subject)
    if check.side == "diner":
        chosen = _having(subject.data.restaurant_features, check.look_at, "restaurant")
        before, after = before[:, chosen], after[:, chosen]
    rise = float((after - before).mean()) * (1.0 if check.expect == "higher" else -1.0)
    passed = rise >= check.by and rise > 0.0
    words = f"they do not stand {check.expect} after the change ({rise:+.3f} of the list, at least {check.by:g})"
    return Outcome(check.name, passed, rise, check.by, words)


def _minimum(check: Minimum, subject: Subject) -> Outcome:
    rows = subject.sample()
    rows = rows[_having(subject.data.diner_features, check.diners, "diner")[rows]]
    if not len(rows):
        raise _Unknown(f"no diner who has chosen something has {' and '.join(check.diners)}")
    chosen = _having(subject.data.restaurant_features, check.restaurants, "restaurant")
    value = float(shares_below(subject.model.score(rows))[:, chosen].mean())
    if check.at_least is not None:
        words = f"they stand too low ({value:.3f} of the list is below them, at least {check.at_least:g})"
        return Outcome(check.name, value >= check.at_least, value, check.at_least, words)
    assert check.at_most is not None, "one of them is given"
    words = f"they stand too high ({value:.3f} of the list is below them, at most {check.at_most:g})"
    return Outcome(check.name, value <= check.at_most, value, check.at_most, words)


def _standings(check: Invariance | Direction, subject: Subject) -> tuple[Doubles, Doubles]:
    """Before and after: of all restaurants for changed diners, (B, n), or of changed ones for known diners, (B, m)."""
    data, model = subject.data, subject.model
    if check.side == "diner":
        table, rows = data.diner_features, subject.sample()
    else:
        table, rows = data.restaurant_features, np.arange(len(data.restaurant_ids), dtype=np.int32)
    rows = rows[_having(table, check.of, check.side)[rows]]
    _known(table, check.change.add, check.side)
    if check.side == "restaurant" and len(rows) > _RESTAURANTS:
        rows = np.sort(np.random.default_rng(subject.seed).choice(rows, _RESTAURANTS, replace=False))
    tags = tags_of(table, rows)
    changed = [check.change.of(one) for one in tags]
    touched = [at for at, (old, new) in enumerate(zip(tags, changed, strict=True)) if set(old) != set(new)]
    if not touched:
        raise _Unknown(f"the change changes no {check.side}: look at its tags")
    both = [[one[at] for at in touched] for one in (tags, changed)]
    if check.side == "diner":
        every = np.arange(len(touched), dtype=np.int32)
        lists = [factor_scores(model.new_diners(one), model.restaurants(), every) for one in both]
        return shares_below(lists[0]), shares_below(lists[1])
    diners = subject.sample()
    known = np.sort(model.score(diners), axis=1)
    new = [factor_scores(model.diners(), model.new_restaurants(one), diners) for one in both]
    return _among(known, new[0]), _among(known, new[1])


def _among(ordered: FloatArray, scores: FloatArray) -> Doubles:
    """(B, m) which share of each row's ordered scores (B, n) lies below; ties count half."""
    sides = [
        np.searchsorted(row, one, "left") + np.searchsorted(row, one, "right")
        for row, one in zip(ordered, scores, strict=True)
    ]
    shares: Doubles = np.asarray(sides, np.float64) / (2.0 * ordered.shape[1])
    return shares


def _having(table: FeatureTable, tags: Sequence[str], whose: str) -> Bools:
    """(n,) the rows with all of these tags; raises _Unknown where the market has none."""
    _known(table, tags, whose)
    mask: Bools = np.ones(table.matrix.shape[0], np.bool_)
    for tag in tags:
        mask &= np.asarray(table.matrix[:, [table.names.index(tag)]].todense()).ravel() > 0
    if not mask.any():
        raise _Unknown(f"no {whose} of this market has {' and '.join(tags)}")
    return mask


def _known(table: FeatureTable, tags: Sequence[str], whose: str) -> None:
    for tag in tags:
        if tag not in table.names:
            name = tag.partition("=")[0]
            like = [known for known in table.names if known.startswith(f"{name}=")] or list(table.names)
            few = ", ".join(like[:5])
            raise _Unknown(f"no {whose} of this market has {tag!r}: correct it; there are {few} …")


def _matches(tag: str, pattern: str) -> bool:
    return tag.startswith(pattern[:-1]) if pattern.endswith("=*") else tag == pattern


# -- where in the file


def _place(node: yaml.Node | None, loc: tuple[int | str, ...]) -> tuple[int, str]:
    """Line of the part of the file that is wrong, or of the next one around it, and its path."""
    line = node.start_mark.line + 1 if node is not None else 1
    path = ""
    for step in loc:
        if isinstance(node, yaml.MappingNode):
            found = [(key, value) for key, value in node.value if key.value == step]
            if not found:
                # The name of a kind of check is no part of the file; a key that is missing has no line.
                path += f".{step}" if step not in _KINDS else ""
                continue
            key, node = found[0]
            line, path = key.start_mark.line + 1, f"{path}.{step}"
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            line, path = node.start_mark.line + 1, f"{path}[{step}]"
    return line, path.lstrip(".") or "the file"


_KINDS: Final = ("invariance", "direction", "minimum")
_MENDS: Final[dict[str, Callable[[dict[str, Any]], str]]] = {
    "missing": lambda _: "this must be given",
    "extra_forbidden": lambda _: "there is no such key; see docs/error-analysis.md",
    "union_tag_not_found": lambda _: f"say its `kind`: {', '.join(_KINDS)}",
    "union_tag_invalid": lambda _: f"`kind` must be one of {', '.join(_KINDS)}",
    "string_pattern_mismatch": lambda error: f"{error['input']!r} is no tag: write name=value",
}


def _mend(error: Any) -> str:
    own = _MENDS.get(error["type"])
    return own(error) if own else str(error["msg"]).removeprefix("Value error, ")
