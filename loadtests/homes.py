"""A home to serve from: a small synthetic city, a model trained on it, and the keys that the server makes."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from data import columns as col
from data.dataset import Dataset

_TABLESTAKES = (sys.executable, "-m", "services.cli")


class HomeError(Exception):
    """A home that could not be built; the message is what the command said last."""


@dataclass(frozen=True)
class Home:
    """A folder that `tablestakes serve` can serve, and the dataset behind it."""

    path: Path
    dataset: Path

    @property
    def environment(self) -> dict[str, str]:
        """What a command that works on this home needs to know."""
        return {"TABLESTAKES_HOME": str(self.path)}

    @property
    def serve_command(self) -> list[str]:
        """The server, to which `--host` and `--port` are added."""
        return [*_TABLESTAKES, "serve", "--workers", "1"]

    def diners(self) -> list[str]:
        """Ids of all diners."""
        return [str(diner) for diner in Dataset.open(self.dataset).diners()[col.USER_ID]]

    def headers(self, role: str = "app") -> dict[str, str]:
        """The role's key as a request header; the server must have run once, since it makes the keys."""
        keys = json.loads((self.path / "keys.json").read_text())
        return {"authorization": f"Bearer {keys[role]}"}


def build_home(folder: Path, *, restaurants: int, diners: int = 2_000, days: int = 7, seed: int = 1) -> Home:
    """A city of one market, its first champion, and its campaigns; raise HomeError where a command fails."""
    home = Home(folder / "home", folder / "city")
    sizes = {"restaurants": restaurants, "diners": diners, "days": days, "markets": 1, "seed": seed}
    options = [text for name, value in sizes.items() for text in (f"--{name}", str(value))]
    _run([*_TABLESTAKES, "generate", *options, "--out", str(home.dataset)], home)
    _run([*_TABLESTAKES, "train", str(home.dataset)], home)
    _run([*_TABLESTAKES, "campaigns", "import", str(home.dataset / "campaigns.parquet")], home)
    return home


def kept_home(folder: Path, *, restaurants: int, seed: int = 1) -> Home:
    """A home of this size in `folder/<restaurants>`, built once and used again; raise HomeError where a command fails.

    Beyond 10,000 restaurants with few diners and days: what such a city is for is the size of its catalogue, and the
    simulated log of so many would take longer than all measurements on it.
    """
    place = folder / str(restaurants)
    home, built = Home(place / "home", place / "city"), place / "built"
    if not built.exists():
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        sizes = {} if restaurants <= 10_000 else {"diners": 500, "days": 2}
        build_home(place, restaurants=restaurants, seed=seed, **sizes)
        built.touch()
    return home


def train_another(home: Home, seed: int = 2) -> None:
    """A second version, to be swapped with the first; raise HomeError where it fails."""
    _run([*_TABLESTAKES, "train", str(home.dataset), "--seed", str(seed)], home)


def _run(command: Sequence[str], home: Home) -> None:
    done = subprocess.run(command, env={**os.environ, **home.environment}, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise HomeError(f"`{' '.join(command[2:])}` failed: {said[-1] if said else f'code {done.returncode}'}")
