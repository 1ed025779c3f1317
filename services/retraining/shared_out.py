"""A run's learning as a task that any machine can do: what it takes and what it gives are parcels in a store.

    market=<market>/data-<hash>       the snapshot: Parquet, of this market alone
    market=<market>/champion-<hash>   the version that serves, as the folder <market>/<version>
    market=<market>/task-<hash>       brief.json, and the file of checks where there is one
    market=<market>/made-<hash>       steps.json, and the versions as folders <market>/<version>

The scheduler carries the store's URL and two names. The hash of a task is of the program's source and libraries, the
data, the champion, the brief with its seed, and the checks: what is there under it is not made again.
"""

import hashlib
import json
import shutil
import tempfile
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson
from pydantic import BaseModel, ConfigDict

from data.dataset import DatasetError
from models import artifacts
from models.artifacts import ArtifactError
from models.base import ModelError
from models.behaviour_file import read_checks
from services.fan_out.store import Store, StoreError
from services.provenance import Program
from services.retraining.learning import Brief, Document, Learning

_HASH_DIGITS: Final = 32
_BRIEF, _STEPS, _CHECKS = "brief.json", "steps.json", "checks.yaml"


class Sent(NamedTuple):
    """A task as the scheduler carries it."""

    store: str
    task: str
    made: str


class Made(NamedTuple):
    """What comes back; the rest is in the store."""

    failed: str | None
    """Why the run must fail, in a sentence; None where it is made."""
    trace: str = ""
    """Of an error that is a fault of ours."""


class _Document(BaseModel):
    """`brief.json`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    brief: Brief
    snapshot: dict[str, Any]
    """What the step `snapshot` left, without the paths of who asks."""
    data: str
    champion: str | None
    program: dict[str, Any]


def of_market(market: str) -> str:
    """The folder in the store that holds everything of a market; removed when its run is over."""
    return f"market={market}"


def send(store: Store, brief: Brief, snapshot: Document, checks: Path | None, program: Program) -> Sent:
    """Put what the task needs into the store. Raises ModelError where the checks cannot be read, StoreError.

    snapshot: the document of that step, with the paths of the data and the champion.
    """
    place = of_market(brief.market)
    data = f"{place}/data-{snapshot['snapshot'][:_HASH_DIGITS]}"
    store.put(data, Path(snapshot["path"]))
    champion = _send_champion(store, place, snapshot["champion"])
    if checks is not None:
        read_checks(checks)  # a mistake is told with the path that its author knows
    document = _Document(
        brief=brief,
        snapshot={**snapshot, "path": "", "champion": None},
        data=data,
        champion=champion,
        program=program.document(),
    )
    text = document.model_dump_json().encode()
    digest = hashlib.sha256(text + (b"" if checks is None else checks.read_bytes())).hexdigest()[:_HASH_DIGITS]
    sent = Sent(store.url, f"{place}/task-{digest}", f"{place}/made-{digest}")
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / _BRIEF).write_bytes(text)
        if checks is not None:
            shutil.copyfile(checks, Path(folder) / _CHECKS)
        store.put(sent.task, Path(folder))
    return sent


def _send_champion(store: Store, place: str, champion: Mapping[str, str] | None) -> str | None:
    """None where there is none or its files are damaged: then there is nothing to compare with."""
    if champion is None:
        return None
    source = Path(champion["path"])
    try:
        version = artifacts.load(source).version
    except ArtifactError:
        return None
    name = f"{place}/champion-{version}"
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(source, Path(folder) / source.parent.name / source.name)
        store.put(name, Path(folder))
    return name


def make(sent: Sent) -> Made:
    """Do the task, if nobody has. Raises StoreError where the store does not answer; then nothing is decided."""
    store = Store(sent.store)
    if store.has(sent.made):
        return Made(None)
    with tempfile.TemporaryDirectory(prefix="tablestakes-task-") as scratch:
        here = Path(scratch)
        asked = _Document.model_validate_json((store.get(sent.task, here / "task") / _BRIEF).read_bytes())
        made = here / "made"
        made.mkdir()
        try:
            steps = _learnt(store, asked, here, made)
        except (ModelError, ArtifactError, DatasetError) as error:
            return Made(str(error))
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001 - one market's fault must not end the others' work
            said = f"unexpected {type(error).__name__}: the process's log has the trace"
            return Made(said, traceback.format_exc())
        (made / _STEPS).write_bytes(orjson.dumps(steps, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_SORT_KEYS))
        store.put(sent.made, made)
    return Made(None)


def _learnt(store: Store, asked: _Document, here: Path, made: Path) -> dict[str, Document]:
    """The documents of all steps that are done here; none after `validate` where it stops the run."""
    brief, champion = asked.brief, None
    if asked.champion is not None:
        [path] = store.get(asked.champion, here / "champion").glob("*/*")
        champion = {"version": path.name, "path": str(path)}
    snapshot = {**asked.snapshot, "path": str(store.get(asked.data, here / "data")), "champion": champion}
    done: dict[str, Document] = {"snapshot": snapshot}
    checks = here / "task" / _CHECKS
    learning = Learning(brief, done, made, checks if checks.exists() else None, lambda *_: None)
    for step in brief.steps:
        # As it is read back from the database, where the steps are done one by one.
        done[step] = orjson.loads(orjson.dumps(learning.do(step), option=orjson.OPT_SERIALIZE_NUMPY))
        if step == "validate" and done[step]["stops"]:
            break
    return {step: document for step, document in done.items() if step != "snapshot"}


def fetch(store: Store, sent: Sent, folder: Path, root: Path, snapshot: Document) -> dict[str, Document]:
    """The steps' documents as if they had been done here; the versions are under `root` then.

    Raises StoreError, ArtifactError where what was made is damaged.
    """
    try:
        steps: dict[str, dict[str, Any]] = json.loads((store.get(sent.made, folder) / _STEPS).read_bytes())
        for step, document in steps.items():
            if step.startswith("train:"):
                [source] = folder.glob(f"*/{document['version']}")
                document["path"] = str(artifacts.adopt(source, root).path.absolute())
    except (StoreError, ArtifactError):
        store.remove(sent.made)  # to be made anew
        raise
    if "evaluate" in steps:
        steps["evaluate"]["champion"] = snapshot["champion"]
    return dict(steps)
