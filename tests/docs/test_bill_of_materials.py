"""The bill of materials says what the lock says."""

import json
import re
import subprocess
import sys
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
LOCK = ROOT / "requirements" / "runtime.txt"


def made() -> dict[str, Any]:
    command = [sys.executable, str(ROOT / "scripts" / "sbom.py")]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def test_it_is_the_lock_component_by_component_and_hash_by_hash() -> None:
    document, lock = made(), LOCK.read_text()
    pinned = re.findall(r"^([\w.-]+)(?:\[.*?\])?==([^\s;\\]+)", lock, re.MULTILINE)

    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")
    assert [(each["name"], each["version"]) for each in document["components"]] == pinned
    assert sum(len(each["hashes"]) for each in document["components"]) == lock.count("--hash=sha256:")
    assert all(each["hashes"] for each in document["components"])
    assert made() == document


def test_everything_that_is_shipped_is_reached_from_the_application() -> None:
    document = made()
    needs = {each["ref"]: each["dependsOn"] for each in document["dependencies"]}
    reached: set[str] = set()
    waiting = [document["metadata"]["component"]["bom-ref"]]
    while waiting:
        reached.add(ref := waiting.pop())
        waiting += [other for other in needs[ref] if other not in reached]

    assert reached == set(needs)
    assert reached - {document["metadata"]["component"]["bom-ref"]} == {e["bom-ref"] for e in document["components"]}


def test_it_is_what_is_installed() -> None:
    listed: dict[str, set[str]] = {}
    for each in made()["components"]:
        listed.setdefault(each["name"], set()).add(each["version"])
    for name, versions in listed.items():
        with suppress(PackageNotFoundError):  # not on this platform
            assert version(name) in versions, name


def test_every_package_is_pinned_with_hashes() -> None:
    for name in ("runtime.txt", "dev.txt"):
        for block in re.split(r"\n(?=\S)", (ROOT / "requirements" / name).read_text().strip()):
            assert re.match(r"[\w.\-\[\],]+==[^\n]+\\\n    --hash=sha256:", block), block[:60]
