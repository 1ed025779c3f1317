"""Which test process gets which tests: whole files, folder after folder, so that what a folder shares is made once."""

from collections import Counter
from collections.abc import Sequence

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController


class FromBothEnds(LoadScopeScheduling):
    """Files lie in a row, the largest folders at its two ends: processes take from one end or the other till they meet.

    A module's fixtures are made in one process, and a folder's in one, but where they meet: among the smallest.
    Tests of one `xdist_group` go together as a file does.
    """

    def __init__(self, config: pytest.Config, log: Producer | None = None) -> None:
        super().__init__(config, log)
        self._places: dict[str, float] = {}

    def _split_scope(self, nodeid: str) -> str:
        _, at, group = nodeid.rpartition("@")
        return group if at and "]" not in group else nodeid.partition("::")[0]

    def _assign_work_unit(self, node: WorkerController) -> None:
        self._places = self._places or places([next(iter(unit)) for unit in self.workqueue.values() for _ in unit])
        first = self.nodes.index(node) % 2 == 0

        def place(scope: str) -> float:
            return self._places[folder(next(iter(self.workqueue[scope])))]

        self.workqueue.move_to_end((min if first else max)(self.workqueue, key=place), last=False)
        super()._assign_work_unit(node)


def folder(nodeid: str) -> str:
    """Where a test lies."""
    return nodeid.partition("::")[0].rpartition("/")[0]


def places(nodeids: Sequence[str]) -> dict[str, float]:
    """Each folder's place in the row: the largest outermost, in turns at the front (below 0) and at the back."""
    sizes = Counter(map(folder, nodeids)).most_common()
    return {name: (-1) ** (rank + 1) / (rank + 1) for rank, (name, _) in enumerate(sizes)}
