"""A thousand damaged artifacts: none is promoted, none is served, and the champion serves on."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
import structlog
from release_records import MARKET, assert_consistent, register, save_versions, states, store_of
from sqlalchemy import Engine
from structlog.testing import capture_logs

from data.dataset import MarketInfo
from models.artifacts import Artifact, ArtifactManifest
from models.manifest import FILES, MANIFEST, MODEL, SEAL, SERVING, VOCABULARY, seal_of
from services.catalogue.records import Restaurant
from services.releases.registry import ModelRegistry
from services.releases.states import Move
from services.releases.store import Lineup, ReleaseRefused
from services.serving import shelf as shelves
from services.serving.shelf import Shelf
from services.stakeholders.policy import Policy

Damage = Callable[[Path, Path, np.random.Generator], None]
"""Spoils the first folder; the second one holds another, whole version."""


def flip(version: Path, _: Path, rng: np.random.Generator) -> None:
    file = version / str(rng.choice(sorted([*FILES, MANIFEST, SEAL])))
    content = bytearray(file.read_bytes())
    content[int(rng.integers(len(content)))] ^= 1 << int(rng.integers(8))
    file.write_bytes(content)


def cut(version: Path, _: Path, rng: np.random.Generator) -> None:
    file = version / str(rng.choice(sorted([*FILES, MANIFEST, SEAL])))
    content = file.read_bytes()
    file.write_bytes(content[: int(rng.integers(len(content)))])


def swap(version: Path, other: Path, rng: np.random.Generator) -> None:
    """A file of another version, or two of its own the wrong way round."""
    name = str(rng.choice([MODEL, SERVING]))
    if rng.random() < 0.5:
        shutil.copy(other / name, version / name)
        return
    model, serving = (version / MODEL).read_bytes(), (version / SERVING).read_bytes()
    (version / MODEL).write_bytes(serving)
    (version / SERVING).write_bytes(model)


def forge_schema(version: Path, _: Path, rng: np.random.Generator) -> None:
    """Another schema version, a field more or less; sealed again, as a careful forger would."""
    card = json.loads((version / MANIFEST).read_bytes())
    kind = int(rng.integers(4))
    if kind == 0:
        card["schema_version"] = int(rng.integers(2, 1_000))
    elif kind == 1:
        card[f"field-{rng.integers(1_000)}"] = 1
    elif kind == 2:
        del card[str(rng.choice([name for name in card if name != "metrics"]))]
    else:
        card["dimensions"] = int(rng.integers(100, 1_000))
    sealed(version, card)


def forge_vocabulary(version: Path, _: Path, rng: np.random.Generator) -> None:
    """Other diners or restaurants with the right hash in the manifest; the version keeps its name."""
    ids = json.loads((version / VOCABULARY).read_bytes())
    which = str(rng.choice(["diner_ids", "restaurant_ids"]))
    kind = int(rng.integers(3))
    if kind == 0:
        ids[which] = ids[which][:-1]
    elif kind == 1:
        ids[which] = [f"foreign-{number}" for number in range(len(ids[which]))]
    else:
        ids[which][0] = ids[which][1]
    data = json.dumps(ids).encode()
    (version / VOCABULARY).write_bytes(data)
    card = json.loads((version / MANIFEST).read_bytes())
    card["files"][VOCABULARY] = {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
    if rng.random() < 0.5:  # and even the hash of the content is right, so that only the folder's name is not
        card["version"] = ArtifactManifest.model_validate(card).proper_version
    sealed(version, card)


def sealed(version: Path, card: dict[str, object]) -> None:
    text = json.dumps(card, indent=2).encode() + b"\n"
    (version / MANIFEST).write_bytes(text)
    (version / SEAL).write_bytes(seal_of(text))


DAMAGES: list[Damage] = [flip, flip, flip, flip, cut, cut, swap, forge_schema, forge_vocabulary, forge_vocabulary]


def shelf_of(champion: Artifact, lineup: Lineup) -> Shelf:
    """A process that serves the champion."""
    shelf = Shelf(MARKET)
    info = MarketInfo(market=MARKET, title="", time_zone="UTC", currency="EUR", lat=52.0, lon=0.0)
    restaurants = [
        Restaurant(restaurant_id=name, market=MARKET, name=name, lat=52.0, lon=number / 100.0)
        for number, name in enumerate(champion.restaurant_ids)
    ]
    assert shelf.rebuild(info, 1, restaurants, {"balanced": Policy()}, "balanced", 0, [], lineup.champion)
    return shelf


def refuses_damage(engine: Engine, folder: Path, cases: int) -> None:
    saved = save_versions(folder, 3)
    for artifact in saved[:2]:
        register(engine, artifact)
    store, rng = store_of(engine), np.random.default_rng(11)
    lineup = store.lineups()[MARKET]
    shelf = shelf_of(saved[0], lineup)
    serving = shelf.lined_up(lineup)
    assert serving is not None
    before = states(engine)
    damaged = next(version for version in ModelRegistry(engine).versions(MARKET) if version.version == saved[1].version)
    whole = folder / "whole"
    shutil.copytree(saved[1].path, whole)
    for case in range(cases):
        shutil.rmtree(saved[1].path)
        shutil.copytree(whole, saved[1].path)
        DAMAGES[case % len(DAMAGES)](saved[1].path, saved[2].path, rng)
        # A process that is told to serve it all the same: somebody has written to the database.
        # A fresh logger: one that another test has used keeps the processors that logging had then.
        with patch.object(shelves, "_log", structlog.get_logger()), capture_logs() as logs:
            assert shelf.lined_up(Lineup(case + 1, damaged, None)) is serving, case
        assert case or logs[0]["event"] == "artifact_refused"
        move = (Move.PROMOTE, Move.CANARY, Move.SHADOW)[case % 3]
        with pytest.raises(ReleaseRefused, match="is refused"):
            store.move(MARKET, saved[1].version, move, role="infra", share=0.5)
    assert states(engine) == before
    assert_consistent(engine)
    shutil.rmtree(saved[1].path)
    shutil.copytree(whole, saved[1].path)
    assert store.move(MARKET, saved[1].version, Move.PROMOTE, role="infra").state == "champion"
    after = shelf.lined_up(store.lineups()[MARKET])
    assert after is not None
    assert after.artifact.version == saved[1].version


def test_damaged_artifacts_are_refused_while_the_champion_serves_on(engine: Engine, tmp_path: Path) -> None:
    refuses_damage(engine, tmp_path / "artifacts", 100)


@pytest.mark.long
def test_a_thousand_damaged_artifacts_are_refused_while_the_champion_serves_on(engine: Engine, tmp_path: Path) -> None:
    refuses_damage(engine, tmp_path / "artifacts", 1_000)
