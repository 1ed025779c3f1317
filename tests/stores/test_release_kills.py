"""kill -9 at every point of every move: always one champion that is whole, and the move can be made again."""

import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def kills(url: str, folder: Path, every: int) -> int:
    command = [sys.executable, str(HERE / "releasing.py"), url, str(folder), str(every)]
    root = HERE.parents[1]
    done = subprocess.run(command, env={"PYTHONPATH": str(root)}, cwd=root, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr[-3000:]
    return int(done.stdout)


def test_a_kill_at_points_all_over_a_move_leaves_one_whole_champion(database_url: str, tmp_path: Path) -> None:
    assert kills(database_url, tmp_path / "artifacts", 9) >= 30


@pytest.mark.long
def test_a_kill_at_every_point_of_a_move_leaves_one_whole_champion(database_url: str, tmp_path: Path) -> None:
    assert kills(database_url, tmp_path / "artifacts", 1) >= 300
