"""Checks a bundle of tablestakes' audit trail. Standard library only, Python 3.8 or newer: `python verify.py [FOLDER]`.

A bundle is an unpacked zip with `manifest.json`, `trail.jsonl`, `seals.jsonl` and `lists.jsonl`. What is checked: the
files are those of the manifest; the records of the trail are a chain without gaps; those that came with a market from
another trail are what they were there; the anchors in the trail are the roots of the seals; each served list is what
its seal says, and reads as it is said to; no list is missing but those that the trail says went.
Exit code 0: all of it holds, 1: it does not, 2: this is no bundle.
"""

import base64
import hashlib
import importlib.util
import json
import sys
from pathlib import Path
from typing import Any, Dict, Iterator, List, Set, Tuple  # noqa: UP035 - runs on an auditor's older Python too

FILES = ("trail.jsonl", "seals.jsonl", "lists.jsonl")
_TRAIL = ("seq", "at", "role", "action", "market", "subject", "document", "previous")
_LIST = ("request_id", "market", "user_id", "at", "policy", "policy_version", "model_version")
_MOST_SHOWN = 20
_reader: List[Any] = []  # noqa: UP006 - the module, once it is needed
Row = Dict[str, Any]  # noqa: UP006
Key = Tuple[str, str]  # noqa: UP006


def findings(folder: Path) -> Iterator[str]:
    """All that does not hold, a line each."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    for name in FILES:
        if _sha256((folder / name).read_bytes()) != manifest["files"][name]["sha256"]:
            yield f"{name}: not the file of the manifest"
    trail, seals = list(_rows(folder / "trail.jsonl")), list(_rows(folder / "seals.jsonl"))
    yield from _chain(trail, manifest["head"])
    yield from _arrivals(trail)
    yield from _anchors(trail, seals)
    yield from _erasures(trail, seals)
    yield from _lists(_rows(folder / "lists.jsonl"), seals, manifest["lists"])


def _chain(trail: List[Row], head: str) -> Iterator[str]:  # noqa: UP006
    expected, previous = 1, "0" * 64
    for record in trail:
        digest = _sha256(_json([record[name] for name in _TRAIL]))
        if (record["seq"], record["previous"], record["digest"]) != (expected, previous, digest):
            yield f"trail, record {expected}: the chain breaks"
            return
        expected, previous = expected + 1, digest
    if previous != head:
        yield f"trail: it ends at record {expected - 1}, and not at the manifest's head"


def _arrivals(trail: List[Row]) -> Iterator[str]:  # noqa: UP006
    came: Dict[str, List[str]] = {}  # noqa: UP006
    for record in trail:
        market, document = record["market"], json.loads(record["document"])
        if "moved" in document:
            was = document.pop("moved")
            then = json.loads(was["document"])
            then.pop("moved", None)
            if then != document or _sha256(_json([{**record, **was}[name] for name in _TRAIL])) != was["digest"]:
                yield f"market {market}: its record {was['seq']} is not what it was in the trail that it came from"
            came.setdefault(market, []).append(was["digest"])
        elif record["action"] == "market.arrive":
            digests = came.pop(market, [])
            if document["after"]["trail"] != {"records": len(digests), "root": _root(digests)}:
                yield f"market {market}: the records that came with it are not those of its arrival"


def _anchors(trail: List[Row], seals: List[Row]) -> Iterator[str]:  # noqa: UP006
    under: Dict[Tuple[str, int], List[Row]] = {}  # noqa: UP006
    for seal in seals:
        if seal["anchor"] is not None:
            under.setdefault((seal["market"], seal["anchor"]), []).append(seal)
    for record in (one for one in trail if one["action"] == "served.anchor"):
        where, after = (record["market"], int(record["subject"])), json.loads(record["document"])["after"]
        covered = sorted(under.pop(where, []), key=_by_id)
        if len(covered) != after["lists"] or _root([seal["digest"] for seal in covered]) != after["root"]:
            yield f"market {where[0]}, anchor {where[1]}: its seals are not those of the trail"
    for market, number in sorted(under):
        yield f"market {market}, anchor {number}: the trail does not have it, or has it twice"


def _erasures(trail: List[Row], seals: List[Row]) -> Iterator[str]:  # noqa: UP006
    told: Set[Key] = set()  # noqa: UP006
    for record in (one for one in trail if one["action"] in ("diner.erase", "served.forget")):
        told.add((record["market"], json.loads(record["document"])["before"].get("root", "")))
    marked: Dict[Key, List[Row]] = {}  # noqa: UP006
    for seal in seals:
        if seal["erasure"] is not None:
            marked.setdefault((seal["market"], seal["erasure"]), []).append(seal)
    for key, erased in sorted(marked.items()):
        root = _root([seal["digest"] for seal in sorted(erased, key=_by_id)])
        if key not in told or root != key[1]:
            yield f"market {key[0]}, erasure {key[1][:12]}: no erasure in the trail names these lists"


def _lists(lists: Iterator[Row], seals: List[Row], complete: bool) -> Iterator[str]:  # noqa: UP006
    left = {(seal["market"], seal["request_id"]): seal for seal in seals}
    for served in lists:
        seal = left.pop((served["market"], served["request_id"]), None)
        if seal is None:
            yield f"list {served['request_id']}: it has no seal, or is there twice"
        elif seal["erasure"] is not None:
            yield f"list {served['request_id']}: it was erased, and it is there"
        elif _list_digest(served) != seal["digest"]:
            yield f"list {served['request_id']}: not what was sealed"
        elif "reads" in served and served["reads"] != _read(_document(served)):
            yield f"list {served['request_id']}: it does not read as the bundle says"
    if complete:
        for seal in left.values():
            if seal["erasure"] is None:
                yield f"list {seal['request_id']}: it is missing"


def _list_digest(served: Row) -> str:
    inputs = "" if served["inputs"] is None else _sha256(_bytes(served["inputs"]))
    return _sha256(b"\0" + _json([*(served[name] for name in _LIST), _sha256(_document(served)), inputs]))


def _document(served: Row) -> bytes:
    return served["document"].encode("utf-8") if "document" in served else _bytes(served["document_base64"])


def _read(document: bytes) -> Any:
    """As `documents.py` beside this file reads it. An isolated interpreter does not look for modules here."""
    if not _reader:
        found = importlib.util.spec_from_file_location("documents", Path(__file__).with_name("documents.py"))
        module = importlib.util.module_from_spec(found)  # type: ignore[arg-type]
        found.loader.exec_module(module)  # type: ignore[union-attr]
        _reader.append(module)
    try:
        return _reader[0].read_document(document)
    except ValueError:
        return None


def _root(digests: List[str]) -> str:  # noqa: UP006
    level = [bytes.fromhex(digest) for digest in digests]
    while len(level) > 1:
        paired = [hashlib.sha256(b"\1" + a + b).digest() for a, b in zip(level[::2], level[1::2])]  # noqa: B905
        level = paired + level[len(level) - len(level) % 2 :]
    return level[0].hex() if level else _sha256(b"")


def _by_id(seal: Row) -> bytes:
    key: str = seal["request_id"]
    return key.encode("utf-8")


def _rows(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8", newline="\n") as lines:
        for line in lines:
            yield json.loads(line)


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def main(arguments: List[str]) -> int:  # noqa: UP006
    """Check the folder that is named, or the one in which this file lies."""
    folder = Path(arguments[0]) if arguments else Path(__file__).resolve().parent
    try:
        found = list(findings(folder))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        print(f"{folder} is no bundle that can be read: {type(error).__name__}: {error}", file=sys.stderr)
        return 2
    for line in found[:_MOST_SHOWN]:
        print(line)
    if found:
        print(f"{len(found)} findings: this trail does not hold")
        return 1
    print("all of it holds")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
