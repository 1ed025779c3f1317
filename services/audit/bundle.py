"""The audit trail as a file for an auditor, with the program that checks it: a zip of JSON lines and `verify.py`.

A list's document is in it as it was sealed, and as what it reads: `documents.py`, in the bundle too, says how.
"""

import hashlib
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from zipfile import ZIP_DEFLATED, ZipFile

import orjson
from sqlalchemy import Connection, Engine, Select, select

from services.audit import documents, verifier
from services.audit.documents import Damaged, read_document
from services.clock import Clock
from services.database.schema import audit_trail, served_lists, served_seals
from services.database.transactions import reading

_PAGE: Final = 500


def write_bundle(engine: Engine, clock: Clock, path: Path, lists: bool = True) -> dict[str, Any]:
    """Write the zip as one state of the database; the manifest. Blocks, and raises StorageUnavailable and OSError.

    `lists=False` leaves out the served lists, which hold diners' ids and are by far the most; their seals are there.
    """
    files: dict[str, dict[str, Any]] = {}
    head = "0" * 64
    with reading(engine) as connection, ZipFile(path, "w", ZIP_DEFLATED) as bundle:
        contents = (_trail(connection), _seals(connection), _lists(connection) if lists else iter(()))
        for name, rows in zip(verifier.FILES, contents, strict=True):
            digest, count = hashlib.sha256(), 0
            with bundle.open(name, "w", force_zip64=True) as file:
                for row in rows:
                    line = orjson.dumps(row, option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE)
                    file.write(line)
                    digest.update(line)
                    count += 1
                    head = row["digest"] if name == verifier.FILES[0] else head
            files[name] = {"sha256": digest.hexdigest(), "rows": count}
        manifest = {"made_at": clock.now(), "head": head, "lists": lists, "files": files}
        bundle.writestr("manifest.json", orjson.dumps(manifest, option=orjson.OPT_UTC_Z | orjson.OPT_INDENT_2))
        for name, source in (("verify.py", verifier.__file__), ("documents.py", documents.__file__)):
            bundle.writestr(name, Path(source).read_bytes())
    return manifest


def _trail(connection: Connection) -> Iterator[dict[str, Any]]:
    return _rows(connection, select(audit_trail).order_by(audit_trail.c.seq))


def _seals(connection: Connection) -> Iterator[dict[str, Any]]:
    return _rows(connection, select(served_seals).order_by(served_seals.c.request_id, served_seals.c.market))


def _lists(connection: Connection) -> Iterator[dict[str, Any]]:
    ordered = select(served_lists).order_by(served_lists.c.request_id, served_lists.c.market)
    for row in _rows(connection, ordered):
        document, inputs = bytes(row.pop("document")), row["inputs"]
        row["inputs"] = None if inputs is None else b64encode(bytes(inputs)).decode()
        try:
            row["document"] = document.decode()
        except UnicodeDecodeError:
            row["document_base64"] = b64encode(document).decode()
        if not document.startswith(b"{"):
            row["reads"] = _read(document)
        yield row


def _read(document: bytes) -> dict[str, Any] | None:
    try:
        return read_document(document)
    except Damaged:
        return None


def _rows(connection: Connection, statement: Select[Any]) -> Iterator[dict[str, Any]]:
    for row in connection.execute(statement, execution_options={"yield_per": _PAGE}):
        yield {str(name): value for name, value in row._mapping.items()}
