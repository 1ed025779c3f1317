"""Every parser of what comes from outside takes anything: it reads it, or refuses it by the error that it promises.

`PARSERS` is the one list. `test_no_parser_is_forgotten` finds functions that look like one and are neither on it nor
among `NOT_FROM_OUTSIDE`, each with the reason why.
"""

import ast
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from data.importers.campaigns import read_campaigns
from data.importers.csv_columns import read_mapping, suggest
from data.importers.opening import parse_week
from data.importers.rejects import BadCell, RejectLog
from data.importers.report import ImportFailed
from data.importers.sources import read_rows
from loadtests.connection import answer_length
from loadtests.latency import parse_server_timing
from loadtests.trace import TraceError, read_trace
from models.behaviour_file import ChecksFileError, read_checks
from models.manifest import MANIFEST, SEAL, ArtifactError, read_manifest, seal_of
from models.tensors import TensorError, map_tensors
from services.access.keys import KeysFileError, read_keys
from services.api.deadlines import read_deadline
from services.api.forms import form_of
from services.api.hot_path import parse_query
from services.api.limits import deeper_than
from services.api.preconditions import seen_version
from services.api.problems import Problem
from services.api.routes.events import _parse
from services.api.schemas import EventWrite, RankingRequest
from services.database.engine import address_of
from services.database.errors import StorageMisconfigured
from services.events.log import Event
from services.features.codec import (
    CodecError,
    DinerState,
    MarketState,
    _sealed,
    decode_diner,
    decode_market,
    encode_diner,
    encode_market,
    key_hash,
)
from services.features.servers import Address, Servers
from services.settings import duration
from services.stakeholders.policy import Policy

ROOT = Path(__file__).parents[2]
KEY = key_hash("town", "ann")


@dataclass(frozen=True)
class Parser:
    """What is called with what, and how it may refuse."""

    name: str
    given: st.SearchStrategy[Any]
    read: Callable[[Path, Any], object]
    refuses: tuple[type[Exception], ...]


def in_file(name: str, read: Callable[[Path], object]) -> Callable[[Path, bytes], object]:
    """Of a parser of files: the bytes are put into one."""

    def read_bytes(folder: Path, content: bytes) -> object:
        file = folder / name
        file.write_bytes(content)
        file.chmod(0o600)
        return read(file)

    return read_bytes


def rows(read: Callable[[Path, RejectLog], Any]) -> Callable[[Path], object]:
    """Of an importer: all rows, with a log of those that are refused."""

    def all_rows(file: Path) -> object:
        with RejectLog(file.with_suffix(".rejects")) as log:
            return list(read(file, log))

    return all_rows


def artifact(folder: Path, text: bytes) -> object:
    """A manifest under its proper seal: what is left to refuse is its content."""
    (folder / MANIFEST).write_bytes(text)
    (folder / SEAL).write_bytes(seal_of(text))
    return read_manifest(folder)


def events_of(_: Path, sent: tuple[bytes, str]) -> object:
    """A body of events, each as far as it goes to the log."""
    for item in _parse(*sent):
        if not isinstance(item, Problem):
            body = EventWrite.model_validate(item)
            fields = body.model_dump(exclude={"market"})
            Event(**fields, market="town")
    return None


def hostile(*words: str) -> st.SearchStrategy[bytes]:
    """Bytes at random, and bytes that look like what is meant with something at random in the midst of it."""
    pieces = st.one_of(st.sampled_from([word.encode() for word in words]), st.binary(max_size=12))
    return st.one_of(st.binary(max_size=300), st.lists(pieces, max_size=25).map(b"".join))


numbers = st.floats() | st.integers() | st.sampled_from([1e308, -1, 2**63, 2**64, 10**400])
scalars = st.none() | st.booleans() | numbers | st.text(max_size=20)
documents = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner)
)


def with_names(*names: str) -> st.SearchStrategy[Any]:
    """Documents whose fields are often those that are known."""
    return documents | st.dictionaries(st.sampled_from(names) | st.text(max_size=5), documents, max_size=6)


def as_json(values: st.SearchStrategy[Any]) -> st.SearchStrategy[bytes]:
    """As bytes of JSON, which may hold NaN and lone surrogates."""
    return values.map(lambda value: json.dumps(value).encode())


EVENT_FIELDS = ("event_id", "type", "user_id", "restaurant_id", "market", "request_id", "order_id", "at", "value")
EVENT_WORDS = (
    '{"event_id":"e1"',
    '"type":"click"',
    '"at":"2026-01-01T00:00:00Z"',
    ",",
    "}",
    "\n",
    '"value":',
    "1e999",
    "[",
)
MANIFEST_FIELDS = ("schema_version", "version", "model", "created_at", "parameters", "files", "dimensions", "metrics")
POLICY_FIELDS = ("name", "ads", "fairness", "recency_gain", "recency_half_life_hours", "shortlist", "exploration")
CSV_WORDS = ("restaurant_id", "lat", "lon", ",", ";", "\t", '"', "\n", "\r\n", "\x00", "\ufeff", "NaN", "-1", "1e999")
QUERY_WORDS = ("user_id=", "&k=", "&lat=", "&exclude=", "&open_at=now", "%ff", "%00", "&", "=", "NaN", "1e999", "+")
HEADERS = st.text(st.characters(max_codepoint=255), max_size=60)

MARKET = encode_market("town", MarketState(np.ones(3, np.float32), np.ones(3, np.uint8), "7", 1.0))
DINER = encode_diner("town", "ann", DinerState(np.ones(4, np.float32), 0.0, bytes(8)))


@st.composite
def forged(draw: st.DrawFn, blob: bytes) -> bytes:
    """A blob with some bytes changed or cut off, under the checksum that fits."""
    changed = bytearray(blob)
    for _ in range(draw(st.integers(1, 4))):
        changed[draw(st.integers(8, len(blob) - 1) | st.just(len(blob) - 1))] = draw(st.integers(0, 255))
    return _sealed(bytes(changed[: draw(st.integers(9, len(blob)) | st.just(len(blob)))]))


def deadline(_: Path, text: str) -> float:
    return read_deadline({"headers": [(b"x-request-timeout-ms", text.encode("latin-1", "replace"))]}, 0.0)


PARSERS = (
    Parser("Server-Timing", st.text(max_size=60), lambda _, text: parse_server_timing(text), (ValueError,)),
    Parser("a forged diner", forged(DINER), lambda _, blob: decode_diner(blob, KEY), (CodecError,)),
    Parser("a forged market", forged(MARKET), lambda _, blob: decode_market(blob, key_hash("town")), (CodecError,)),
    Parser("query", hostile(*QUERY_WORDS), lambda _, text: parse_query(text), (Problem,)),
    Parser(
        "events",
        st.tuples(
            hostile(*EVENT_WORDS) | as_json(with_names(*EVENT_FIELDS)) | as_json(st.lists(with_names(*EVENT_FIELDS))),
            st.sampled_from(["application/json", "application/x-ndjson", "application/jsonl; charset=x", ""]),
        ),
        events_of,
        (Problem, ValidationError, ValueError),
    ),
    Parser(
        "ranking request",
        with_names("user_id", "restaurant_ids", "context", "k", "market", "policy"),
        lambda _, document: RankingRequest.model_validate(document),
        (ValidationError,),
    ),
    Parser("depth of JSON", hostile("[", "]", "{", "}", '"', "\\"), lambda _, body: deeper_than(body, 32), ()),
    Parser("a caller's deadline", HEADERS, deadline, (Problem,)),
    Parser("Accept", HEADERS, lambda _, text: form_of(None, text), ()),
    Parser("If-Match", HEADERS, lambda _, text: seen_version("it", text, 3), (Problem,)),
    Parser(
        "policy document", with_names(*POLICY_FIELDS), lambda _, one: Policy.model_validate(one), (ValidationError,)
    ),
    Parser("a diner's blob", hostile("TSd\x01", "\x00" * 40), lambda _, blob: decode_diner(blob, KEY), (CodecError,)),
    Parser("a market's blob", hostile("TSm\x02", "\x00" * 40), lambda _, blob: decode_market(blob, KEY), (CodecError,)),
    Parser(
        "Redis address",
        hostile("redis://", "rediss-sentinel://", "redis-cluster://", "u:p@", "h:1,", "/0", "#m", "?ssl_ca_certs=x"),
        lambda _, url: Servers.parse(url.decode(errors="replace")),
        (ValueError,),
    ),
    Parser("one Redis address", st.text(max_size=60), lambda _, url: Address.parse(url), (ValueError,)),
    Parser("database address", st.text(max_size=60), lambda _, url: address_of(url), (StorageMisconfigured,)),
    Parser("duration", st.text(max_size=12), lambda _, text: duration(text), (ValueError,)),
    Parser("keys.json", hostile('{"app":', '"ts_app_', "}"), in_file("keys.json", read_keys), (KeysFileError,)),
    Parser("manifest", as_json(with_names(*MANIFEST_FIELDS)) | hostile("{", '"', ":"), artifact, (ArtifactError,)),
    Parser(
        "tensors",
        st.tuples(
            st.integers(0, 2**64 - 1) | st.integers(0, 200), as_json(with_names("a", "__metadata__")), st.binary()
        ).map(lambda parts: parts[0].to_bytes(8, "little") + parts[1] + parts[2])
        | as_json(st.dictionaries(st.text(max_size=3), with_names("dtype", "shape", "data_offsets"))).map(
            lambda text: len(text).to_bytes(8, "little") + text
        )
        | st.binary(max_size=64),
        in_file("serving.safetensors", map_tensors),
        (TensorError,),
    ),
    Parser(
        "checks.yaml",
        hostile("checks:\n", "- name: a\n", "  kind: invariance\n", "&a ", "*a", "!!python/object:os.system ", "  "),
        in_file("checks.yaml", read_checks),
        (ChecksFileError,),
    ),
    Parser("rows of CSV", hostile(*CSV_WORDS), in_file("x.csv", rows(read_rows)), (ImportFailed,)),
    Parser(
        "columns of CSV",
        hostile(*CSV_WORDS),
        in_file("restaurants.csv", lambda file: suggest(file.parent)),
        (ImportFailed,),
    ),
    Parser("mapping of CSV", as_json(documents) | hostile("{", "}"), in_file("m.json", read_mapping), (ImportFailed,)),
    Parser("campaigns as CSV", hostile(*CSV_WORDS), in_file("c.csv", rows(read_campaigns)), (ImportFailed,)),
    Parser("campaigns as Parquet", hostile("PAR1"), in_file("c.parquet", rows(read_campaigns)), (ImportFailed,)),
    Parser("opening hours", st.text(max_size=40), lambda _, text: parse_week(text), (BadCell,)),
    Parser(
        "trace",
        hostile('{"at": 1', ',"path":"/"', "}", "\n"),
        in_file("t", lambda f: list(read_trace(f))),
        (TraceError,),
    ),
    Parser(
        "an answer's length",
        hostile("HTTP/1.1 200 OK", "\r\n", "content-length: 5"),
        lambda _, d: answer_length(d),
        (ValueError,),
    ),
)

NOT_FROM_OUTSIDE = {
    "services/ranking/auction.py::read_candidates": "the database's own record",
    "services/serving/fair_share.py::decode_ledgers": "inside the market's blob, under its checksum",
    "services/serving/replay_inputs.py::decode_inputs": "the database's own record, under a seal",
    "services/audit/documents.py::read_document": "the database's own record, under a seal; its tests damage some",
    "services/private_files.py::read_private": "reads bytes and understands none",
    "services/ads/report_sums.py::read_sums": "asks the database",
    "services/ads/report_sums.py::read_spent": "asks the database",
    "services/ads/report_sums.py::read_requests": "asks the database",
    "services/monitoring/live_sample.py::read_sample": "asks the database",
    "services/stakeholders/scorecard/reading.py::read_window": "asks the database",
    "models/off_policy/logged.py::read_lists": "reads a data set's table, whose schema is checked",
    "models/moments.py::read_journal": "reads a data set's table, whose schema is checked",
    "models/behaviour_file.py::read_python_checks": "runs a program of one's own",
    "data/importers/sources.py::parse": "a cell, by the parser that it is given",
}


@pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.name)
def test_a_parser_reads_or_refuses_whatever_it_is_given(parser: Parser, tmp_path: Path) -> None:
    takes(parser, tmp_path, 50)


@pytest.mark.long
@pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.name)
def test_a_parser_reads_or_refuses_a_great_deal(parser: Parser, tmp_path: Path) -> None:
    takes(parser, tmp_path, 5_000)


def takes(parser: Parser, folder: Path, examples: int) -> None:
    @settings(max_examples=examples, suppress_health_check=list(HealthCheck))
    @given(parser.given)
    def reads_or_refuses(given: Any) -> None:
        try:
            parser.read(folder, given)
        except parser.refuses as error:
            refusal = error
        else:
            return
        assert str(refusal), "a refusal says what is wrong"

    reads_or_refuses()


def public_functions(file: Path) -> Iterator[tuple[str, str]]:
    """Functions and methods of a module: name, and the name by which it is imported."""
    for node in ast.parse(file.read_text()).body:
        for inner in node.body if isinstance(node, ast.ClassDef) else [node]:
            if isinstance(inner, ast.FunctionDef) and not inner.name.startswith("_"):
                yield inner.name, node.name if isinstance(node, ast.ClassDef) else inner.name


def test_no_parser_is_forgotten() -> None:
    own = ast.walk(ast.parse(Path(__file__).read_text()))
    imported = {alias.name for node in own if isinstance(node, ast.ImportFrom) for alias in node.names}
    forgotten = {
        f"{file.relative_to(ROOT)}::{name}"
        for folder in ("services", "models", "data", "loadtests")
        for file in (ROOT / folder).rglob("*.py")
        for name, import_name in public_functions(file)
        if name.startswith(("parse", "decode_", "read_")) and import_name not in imported
    }
    assert forgotten == set(NOT_FROM_OUTSIDE)
