"""The Python client, made from the kept OpenAPI: python scripts/client.py [--check].

`clients/python/tablestakes_client` is written by openapi-python-client (`make client` has it in an environment of its
own) from `docs/reference/openapi.json` and `clients/generator`. Nobody edits it. What it was made from stands in its
`made-from.json`: `--check`, which needs no generator, says whether that is still so.

The OpenAPI is prepared first: what a server may send one day is more than what it sends today, and a client that is
older than its server goes on when an answer gains a field, a word or a kind of figure. See `prepared`.
"""

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
OPENAPI: Final = ROOT / "docs" / "reference" / "openapi.json"
GENERATOR: Final = ROOT / "clients" / "generator"
LOCK: Final = ROOT / "requirements" / "client.txt"
PROJECT: Final = ROOT / "clients" / "python"
PACKAGE: Final = PROJECT / "tablestakes_client"
MADE_FROM: Final = "made-from.json"

_REFERENCE: Final = "#/components/schemas/"
_JSON: Final = "application/json"
_METHODS: Final = ("get", "put", "post", "delete", "patch")
_UNKNOWN: Final = "Unknown"
_WORDS: Final = {
    "openapi": "docs/reference/openapi.json is not what it was made from",
    "generator": "clients/generator, or the lock of what runs it, has changed",
    "package": "it has been edited by hand",
}

Node = dict[str, Any]


# -- what the generator is given


def prepared(document: Mapping[str, Any]) -> Node:
    """The OpenAPI as the generator gets it: the same API, and what the client makes of it settled.

    - Of what an operation answers the success is left, as JSON where there are several forms; the rest is raised.
    - What is not given is not sent: defaults are the server's.
    - Objects and lists of words inside a schema become schemas with a name: `Lack.code` is a `LackCode`.
    - What comes in answers is open: fields and words that are not known yet (`LackCode | str`), and `Unknown` where a
      field tells alternatives apart. What is only sent stays as narrow as the API says.
    """
    made: Node = _tidied(dict(document))
    schemas: Node = made["components"]["schemas"]
    for name in list(schemas):
        _name_inner(schemas, schemas[name], name)
    words = {name: schema["type"] for name, schema in schemas.items() if "enum" in schema}
    answers = [answer.get("content") for one in _operations(made) for answer in one["responses"].values()]
    for name in sorted(_reachable(answers, schemas) - words.keys()):
        schemas[name] = _open(schemas[name], words)
    schemas[_UNKNOWN] = {
        "type": "object",
        "title": _UNKNOWN,
        "description": "Of a kind that this client does not know; all that came is in `additional_properties`.",
    }
    for operation in _operations(made):
        _keep_one_form(operation)
    for schema in schemas.values():
        _tell_booleans_apart(schema)
    return made


def _tidied(node: Any, fields: bool = False) -> Any:
    """Without examples, with descriptions in one line, and with defaults told there alone: they are the server's.

    A client that sent the defaults of its day would hold an API to them that has better ones by now.
    fields: the node's keys are names of fields.
    """
    if isinstance(node, list):
        return [_tidied(one) for one in node]
    if not isinstance(node, dict):
        return node
    tidy = {key: _tidied(value, key == "properties") for key, value in node.items()}
    if fields:
        return tidy
    for key in ("example", "examples"):
        tidy.pop(key, None)
    said = [" ".join(part.split()) for part in str(tidy.pop("description", "")).split("\n\n")]
    if (default := tidy.pop("default", None)) not in (None, ""):
        said[-1] = f"{said[-1]} By default {json.dumps(default)}.".strip()
    if words := "\n\n".join(said):
        tidy["description"] = words
    return tidy


def _operations(document: Node) -> Iterator[Node]:
    for methods in document["paths"].values():
        yield from (methods[method] for method in _METHODS if method in methods)


def _name_inner(schemas: Node, schema: Node, name: str) -> None:
    """Take objects and enumerations that are inside a schema out of it, and refer to them."""
    for key, field in schema.get("properties", {}).items():
        schema["properties"][key] = _taken_out(schemas, field, name + _pascal(key))
    for joint in ("anyOf", "oneOf"):
        if joint in schema:
            schema[joint] = [_taken_out(schemas, one, name) for one in schema[joint]]
    for key, ending in (("items", "Item"), ("additionalProperties", "Value")):
        if isinstance(schema.get(key), dict):
            schema[key] = _taken_out(schemas, schema[key], name + ending)


def _taken_out(schemas: Node, schema: Node, name: str) -> Node:
    if "enum" not in schema and schema.get("type") != "object":
        _name_inner(schemas, schema, name)
        return schema
    if name in schemas:
        raise ValueError(f"two schemas would be called {name}: name one of them in the API")
    schemas[name] = {**schema, "title": name}
    _name_inner(schemas, schemas[name], name)
    return {"$ref": _REFERENCE + name} | {key: schema[key] for key in ("description",) if key in schema}


def _pascal(name: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


def _reachable(node: Any, schemas: Node) -> set[str]:
    """Names of the schemas that are referred to, however indirectly."""
    found: set[str] = set()
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if isinstance(one, list):
            waiting.extend(one)
        elif isinstance(one, dict):
            waiting.extend(one.values())
            name = str(one.get("$ref", "")).removeprefix(_REFERENCE)
            if name and name not in found:
                found.add(name)
                waiting.append(schemas[name])
    return found


def _open(node: Any, words: Mapping[str, str]) -> Any:
    """A schema that takes what it took, and what a later server may answer."""
    if isinstance(node, list):
        return [_open(one, words) for one in node]
    if not isinstance(node, dict):
        return node
    name = str(node.get("$ref", "")).removeprefix(_REFERENCE)
    if name in words:
        beside = {key: value for key, value in node.items() if key != "$ref"}
        return {"anyOf": [{"$ref": node["$ref"]}, {"type": words[name]}], **beside}
    opened = {key: _open(value, words) for key, value in node.items()}
    if opened.get("additionalProperties") is False:
        del opened["additionalProperties"]
    if "anyOf" in opened:
        opened["anyOf"] = [inner for one in opened["anyOf"] for inner in one.get("anyOf", [one])]
    if opened.pop("discriminator", None):
        opened["oneOf"].append({"$ref": _REFERENCE + _UNKNOWN})
    return opened


def _keep_one_form(operation: Node) -> None:
    """One success, and JSON where a body has several forms: `format` asks for the others."""
    answers = {status: answer for status, answer in operation["responses"].items() if status.startswith("2")}
    operation["responses"] = answers
    for body in (*answers.values(), operation.get("requestBody", {})):
        if len(body.get("content", {})) > 1:
            body["content"] = {_JSON: body["content"][_JSON]}
            parameters = operation.get("parameters", [])
            operation["parameters"] = [one for one in parameters if one["name"] != "format"]


def _tell_booleans_apart(schema: Node) -> None:
    """The generator takes a constant for any boolean where the type stands beside it."""
    for field in schema.get("properties", {}).values():
        if isinstance(field.get("const"), bool):
            field.pop("type", None)


# -- the package


def made_from() -> dict[str, str]:
    """What the client would be made from now, and what it is, as hashes."""
    pins = [line for line in LOCK.read_text().splitlines() if line.startswith(("openapi-python-client==", "ruff=="))]
    return {
        "openapi": _digest(json.dumps(prepared(json.loads(OPENAPI.read_text())), sort_keys=True).encode()),
        "generator": _digest(_files(GENERATOR), *(pin.encode() for pin in pins)),
        "package": _digest(_files(PACKAGE)),
    }


def _files(folder: Path) -> bytes:
    files = (file for file in sorted(folder.rglob("*")) if file.is_file() and file.name != MADE_FROM)
    kept = [file for file in files if "__pycache__" not in file.parts]
    return b"".join(f"{_digest(file.read_bytes())} {file.relative_to(folder).as_posix()}\n".encode() for file in kept)


def _digest(*parts: bytes) -> str:
    return hashlib.sha256(b"\n".join(parts)).hexdigest()


def stale() -> list[str]:
    """Why the client has to be made again; empty: it is what it would be."""
    file = PACKAGE / MADE_FROM
    if not file.exists():
        return ["there is none"]
    known = json.loads(file.read_text())
    return [_WORDS[part] for part, digest in made_from().items() if known.get(part) != digest]


def make() -> None:
    """Write the package anew. Raises subprocess.CalledProcessError where the generator or ruff objects."""
    with tempfile.TemporaryDirectory(dir=PROJECT) as folder:
        document, package = Path(folder, OPENAPI.name), Path(folder, PACKAGE.name)
        document.write_text(json.dumps(prepared(json.loads(OPENAPI.read_text()))))
        _run("openapi_python_client", "generate", "--path", str(document), "--output-path", str(package), "--meta",
             "none", "--fail-on-warning", "--config", str(GENERATOR / "config.yaml"), "--custom-template-path",
             str(GENERATOR / "templates"))  # fmt: skip
        for file in sorted((GENERATOR / "kept").iterdir()):
            shutil.copy(file, package)
        _run("ruff", "check", "--isolated", "--quiet", "--target-version", "py311", "--select", "F401,F811,I,UP,RUF100",
             "--fix-only", str(package))  # fmt: skip
        _run("ruff", "format", "--isolated", "--quiet", "--target-version", "py311", "--line-length", "120",
             str(package))  # fmt: skip
        shutil.rmtree(PACKAGE, ignore_errors=True)
        package.rename(PACKAGE)
    (PACKAGE / MADE_FROM).write_text(json.dumps(made_from(), indent=1) + "\n")


def _run(module: str, *arguments: str) -> None:
    subprocess.run([sys.executable, "-m", module, *arguments], check=True)  # noqa: S603  only this environment's own modules


def main(arguments: list[str]) -> int:
    """Make the client; with --check say why it would have to be made again."""
    if "--check" not in arguments:
        make()
    found = stale()
    for one in found:
        print(f"clients/python: {one}: run make client", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
