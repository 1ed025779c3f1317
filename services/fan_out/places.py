"""Where tasks over a dataset's markets find their data and leave what they make: on this disk, or in a store.

Processes of this machine read the dataset where it lies, and write where things belong: nothing is copied. For any
other engine both are parcels in a store that all machines have:

    <command>/market=<market>/<hash>/data            the dataset with this market's rows alone
    <command>/market=<market>/<hash>/made-<part>     what a task made, with what it said of it in answer.json

The hash is of the program, the data and what is asked: what a task made is not made again after a kill.
"""

import contextlib
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from data.dataset import Dataset
from services.fan_out.engine import LOCAL, Engine
from services.fan_out.store import Store
from services.provenance import program

_ANSWER: Final = "answer.json"
_HASH_DIGITS: Final = 32
Said = dict[str, Any]
"""What a task says of what it made, as JSON."""


class Place(NamedTuple):
    """A folder of this machine's disk, or a parcel of that name in a store."""

    folder: str
    store: str = ""


@contextlib.contextmanager
def fetched(place: Place) -> Iterator[Path]:
    """What lies there, as a folder here; raises StoreError where it is not there, or damaged."""
    if not place.store:
        yield Path(place.folder)
        return
    with tempfile.TemporaryDirectory(prefix="tablestakes-task-") as scratch:
        yield Store(place.store).get(place.folder, Path(scratch))


def left(place: Place, make: Callable[[Path], Said]) -> Said:
    """Have something made into a folder, and leave it there; one that is in the store already is not made again."""
    if not place.store:
        Path(place.folder).mkdir(parents=True, exist_ok=True)
        return make(Path(place.folder))
    store = Store(place.store)
    with tempfile.TemporaryDirectory(prefix="tablestakes-task-") as scratch:
        folder = Path(scratch)
        if store.has(place.folder):
            said: Said = json.loads((store.get(place.folder, folder) / _ANSWER).read_bytes())
            return said
        said = make(folder)
        (folder / _ANSWER).write_text(json.dumps(said))
        store.put(place.folder, folder)
    return said


class Places:
    """Those of one command's tasks."""

    def __init__(self, dataset: Dataset, engine: Engine, store: str, command: str, asked: Mapping[str, Any]) -> None:
        """`asked`: what the tasks' results depend on beside the program and the data, as JSON.

        Raises StoreError where the engine needs the store and there is none.
        """
        self._dataset = dataset
        self._command = command
        self._store: Store | None = None
        if engine.name != LOCAL:
            own = program()
            about = {"asked": asked, "snapshot": dataset.snapshot, "program": own.document()}
            self._store, self._digest = Store(store), own.digest(about)[:_HASH_DIGITS]

    def data(self, market: str) -> Place:
        """Where a task finds a market's data; they are sent where they are not there yet."""
        if self._store is None:
            return Place(str(self._dataset.path.absolute()))
        name = f"{self._of(market)}/data"
        if not self._store.has(name):
            with tempfile.TemporaryDirectory(prefix="tablestakes-task-") as scratch:
                self._dataset.write_part(market, Path(scratch) / "part")
                self._store.put(name, Path(scratch) / "part")
        return Place(name, self._store.url)

    def made(self, market: str, part: int, here: Path) -> Place:
        """Where a task leaves what it makes of a part of the work on a market; `here` where nothing need travel."""
        if self._store is None:
            return Place(str(here.absolute()))
        return Place(f"{self._of(market)}/made-{part}", self._store.url)

    def clear(self, market: str) -> None:
        """Remove from the store what was there for a market: it holds what diners did."""
        if self._store is not None:
            self._store.remove(self._of(market))

    def _of(self, market: str) -> str:
        return f"{self._command}/market={market}/{self._digest}"
