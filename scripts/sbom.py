"""Writes the software bill of materials of what is shipped: CycloneDX 1.6 JSON, from the lock.

    python scripts/sbom.py [LOCK] > sbom.json

The lock has the name, version and hashes of every package; which of them needs which stands in its comments. Licences
are read from what is installed here, and left out for what is not. The same lock gives the same document.
"""

import json
import re
import sys
import uuid
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).parent.parent
_PINNED = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)(?:\s*;\s*([^\\]+))?")
_NEEDED_BY = re.compile(r"^    #\s+(?:via\s+)?([A-Za-z0-9._-]+)")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def components(lock: str) -> tuple[list[dict[str, Any]], dict[str, list[str]]]:
    """The components in the lock's order, and for each one's address the packages that need it."""
    found: list[dict[str, Any]] = []
    needed_by: dict[str, list[str]] = {}
    for line in lock.splitlines():
        if pinned := _PINNED.match(line):
            found.append(_component(pinned[1].lower(), pinned[2], pinned[3]))
            needed_by[found[-1]["bom-ref"]] = []
        elif hashed := _HASH.search(line):
            found[-1]["hashes"].append({"alg": "SHA-256", "content": hashed[1]})
        elif (needed := _NEEDED_BY.match(line)) and needed[1] != "via":
            needed_by[found[-1]["bom-ref"]].append(needed[1].lower())
    return found, needed_by


def _component(name: str, version: str, where: str | None) -> dict[str, Any]:
    address = f"pkg:pypi/{name}@{version}"
    component = {"type": "library", "bom-ref": address, "name": name, "version": version, "purl": address}
    try:
        about = metadata(name)
    except PackageNotFoundError:
        about = None
    if about is not None and about["Version"] == version and (expression := about["License-Expression"]):
        component["licenses"] = [{"expression": expression}]
    if where:  # one lock is for all Pythons and platforms: some packages are there twice
        component["properties"] = [{"name": "tablestakes:where", "value": where.strip()}]
    return {**component, "hashes": []}


def document(lock: str, version: str) -> dict[str, Any]:
    """The whole bill of materials."""
    found, needed_by = components(lock)
    references: dict[str, list[str]] = {}
    for component in found:
        references.setdefault(component["name"], []).append(component["bom-ref"])
    own = f"pkg:pypi/tablestakes@{version}"
    needs: dict[str, list[str]] = {own: [], **{address: [] for address in needed_by}}
    for address, needing in needed_by.items():
        for other in needing:
            for by in references.get(other, [own]):
                needs[by].append(address)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, lock)}",
        "version": 1,
        "metadata": {"component": {"type": "application", "bom-ref": own, "name": "tablestakes", "version": version}},
        "components": found,
        "dependencies": [{"ref": ref, "dependsOn": sorted(set(on))} for ref, on in needs.items()],
    }


def main() -> None:
    """Print the document."""
    lock = Path(sys.argv[1]) if len(sys.argv) > 1 else _ROOT / "requirements" / "runtime.txt"
    version = re.search(r'^version = "([^"]+)"', (_ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert version is not None
    print(json.dumps(document(lock.read_text(), version[1]), indent=2))


if __name__ == "__main__":
    main()
