"""Which test process gets which tests: whole files, folder after folder, so that what a folder shares is made once."""

from collections import Counter
from collections.abc import Collection, Mapping

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

WAITING = ("tests/chaos", "tests/loadtests")
"""They wait more than they work, and one file takes minutes: begun first, beside those that keep a core busy."""


class FolderByFolder(LoadScopeScheduling):
    """A process stays in its folder, then takes one that nobody has begun, and at the end helps where most is left.

    So a module's fixtures are made in one process, and a folder's in one, but at the end. Tests of one `xdist_group` go
    together as a file does.
    """

    def __init__(self, config: pytest.Config, log: Producer | None = None) -> None:
        super().__init__(config, log)
        self._folders: dict[WorkerController, str] = {}
        self._begun: set[str] = set()

    def _split_scope(self, nodeid: str) -> str:
        _, at, group = nodeid.rpartition("@")
        return group if at and "]" not in group else nodeid.partition("::")[0]

    def _assign_work_unit(self, node: WorkerController) -> None:
        lies_in = {scope: folder(next(iter(unit))) for scope, unit in self.workqueue.items()}
        left = Counter(lies_in[scope] for scope, unit in self.workqueue.items() for _ in unit)
        chosen = self._folders[node] = next_folder(self._folders.get(node), left, self._begun)
        self._begun.add(chosen)
        self.workqueue.move_to_end(next(scope for scope in self.workqueue if lies_in[scope] == chosen), last=False)
        super()._assign_work_unit(node)


def folder(nodeid: str) -> str:
    """Where a test lies."""
    return nodeid.partition("::")[0].rpartition("/")[0]


def next_folder(current: str | None, left: Mapping[str, int], begun: Collection[str]) -> str:
    """Where a process goes on that was in `current`; `left`: tests by folder, not empty; `begun`: by any process."""
    if current in left:
        return current
    fresh = [name for name in left if name not in begun]
    return max(fresh or left, key=lambda name: (name in WAITING, left[name]))
