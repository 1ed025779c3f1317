"""Model versions on disk: whole or not there, checked before use, and never anything that runs when it is read."""

import io
import json
import mmap
import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hostile_tensors import HOSTILE
from safetensors.numpy import save as to_safetensors
from versions import CALIBRATION, FILES, renamed, replaced, rewritten, save, tensors_of

from models import artifacts
from models.artifacts import ArtifactError, load
from models.ease import EaseModel
from models.ensemble import EnsembleModel
from models.hybrid import LightFMModel
from models.ials import IalsModel
from models.manifest import MODEL, SERVING, VOCABULARY
from models.popular import PopularModel
from models.second_stage.learning import TreeSettings
from models.testing import sample_data
from models.two_stage import LightFMLambdaMartModel
from models.uniform import RandomModel


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save(tmp_path_factory.mktemp("artifacts")).path


@pytest.fixture
def version(saved: Path, tmp_path: Path) -> Path:
    """A copy to spoil."""
    copy = tmp_path / saved.parent.name / saved.name
    shutil.copytree(saved, copy)
    return copy


def test_a_saved_version_comes_back_bit_for_bit(tmp_path):
    data = sample_data()
    model = LightFMModel(components=4, epochs=2, seed=1).fit(data)
    save(tmp_path)
    found = load(next((tmp_path / "sample").iterdir()))
    assert (found.diner_ids, found.restaurant_ids) == (data.diner_ids, data.restaurant_ids)
    for ours, theirs in ((model.diners(), found.diners), (model.restaurants(), found.restaurants)):
        assert ours.vectors.tobytes() == theirs.vectors.tobytes()
        assert ours.biases.tobytes() == theirs.biases.tobytes()
    assert found.popularity.tolist() == list(range(15))
    assert found.manifest.calibration == CALIBRATION
    assert found.manifest.metrics["models"]["lightfm"]["ndcg@10"]["value"] == 0.25
    tags = [["cuisine=thai"]]
    assert np.array_equal(found.model.new_restaurants(tags).vectors, model.new_restaurants(tags).vectors)
    assert (found.diner_row("d7"), found.diner_row("nobody")) == (7, None)


TWO_STAGES = LightFMLambdaMartModel(
    {"components": 4, "epochs": 1}, TreeSettings(rounds=4, leaves=4, fewest_in_leaf=5, negatives=3)
)


@pytest.mark.parametrize(
    "model",
    [
        RandomModel(),
        PopularModel(),
        LightFMModel(components=4, epochs=1),
        EaseModel(dimensions=6),
        IalsModel(components=4, epochs=1),
        TWO_STAGES,
        EnsembleModel({"popular": {}, "ease": {"dimensions": 6}}),
    ],
)
def test_every_rung_can_be_saved(tmp_path, model):
    found = save(tmp_path, model)
    assert found.version.startswith(f"{model.name}-")
    assert sorted(file.name for file in found.path.iterdir()) == sorted(FILES)


@pytest.mark.parametrize(
    ("array", "change"),
    [
        ("trees", lambda old: np.frombuffer(old.tobytes().replace(b"threshold=", b"threshold=nan ", 1), np.uint8)),
        ("trees", lambda old: old[: len(old) // 3]),
        ("trees", lambda old: np.roll(old, len(old) // 2)),
        ("trees", lambda old: np.frombuffer(old.tobytes().replace(b"relevance", b"loyalties"), np.uint8)),
        ("trees", lambda old: np.frombuffer(old.tobytes().replace(b"left_child=", b"left_child=0 ", 1), np.uint8)),
        ("diners", lambda old: old + 2),
        ("restaurants", lambda old: old - 1),
        ("at", lambda old: old * 2),
        ("popularity", lambda old: np.full_like(old, np.nan)),
        ("cuisine_lifts", lambda old: old[1:]),
    ],
)
def test_a_forged_second_stage_is_refused_though_all_hashes_fit(tmp_path, array, change):
    version = save(tmp_path, TWO_STAGES).path
    tensors = tensors_of(version, MODEL)
    name = f"second_stage_{array}"
    forged = np.ascontiguousarray(change(tensors[name]))
    bad = replaced(version, MODEL, to_safetensors({**tensors, name: forged}))
    with pytest.raises(ArtifactError):
        load(bad)


def test_serving_a_second_stage_imports_no_library_that_learns(tmp_path):
    version = save(tmp_path, TWO_STAGES).path
    program = (
        "import sys; from pathlib import Path; from models.artifacts import load; import numpy as np;"
        "found = load(Path(sys.argv[1])); stage = found.model.second_stage;"
        "assert stage.trees.sums(np.zeros((3, stage.trees.width))).shape == (3,);"
        "print(sorted({'lightgbm', 'implicit', 'lightfm', 'sklearn'} & set(sys.modules)))"
    )
    root = str(Path(__file__).parents[2])
    told = subprocess.run(
        [sys.executable, "-c", program, str(version)], capture_output=True, text=True, check=True, cwd=root
    )
    assert told.stdout.strip() == "[]"


def test_the_same_content_is_the_same_version_in_any_process_and_other_content_is_another(tmp_path):
    first = save(tmp_path / "a")
    again = save(tmp_path / "a")
    assert (again.version, again.manifest.created_at) == (first.version, first.manifest.created_at)
    program = (
        "import sys; sys.path[:0] = sys.argv[2:]; from pathlib import Path; import test_artifacts;"
        "print(test_artifacts.save(Path(sys.argv[1])).version)"
    )
    places = [str(tmp_path / "b"), str(Path(__file__).parent), str(Path(__file__).parents[2])]
    elsewhere = subprocess.run([sys.executable, "-c", program, *places], capture_output=True, text=True, check=True)
    assert elsewhere.stdout.strip() == first.version
    others = [
        save(tmp_path / "a", LightFMModel(components=4, epochs=2, seed=2)),
        save(tmp_path / "a", data_snapshot="1" * 64),
        save(tmp_path / "a", market="elsewhere"),
        save(tmp_path / "a", calibration=CALIBRATION.model_copy(update={"mean_log_time": 2.6})),
        save(tmp_path / "a", popularity=np.zeros(15, np.float32)),
    ]
    assert len({first.version, *(other.version for other in others)}) == 6


def test_arrays_are_read_only_parts_of_one_map_of_the_file(saved):
    found = load(saved)
    maps = set()
    for array in (found.diners.vectors, found.diners.biases, found.restaurants.vectors, found.popularity):
        base: Any = array
        while isinstance(base, np.ndarray):
            base = base.base
        assert isinstance(base, memoryview)
        assert isinstance(base.obj, mmap.mmap)
        assert len(base.obj) == (saved / SERVING).stat().st_size
        maps.add(id(base.obj))
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0
    assert len(maps) == 1, "each map holds a file descriptor"


@pytest.mark.parametrize("name", FILES)
def test_every_flipped_bit_is_found(version, name):
    file = version / name
    whole = file.read_bytes()
    rng = np.random.default_rng(FILES.index(name))
    positions = rng.choice(len(whole), size=min(300, len(whole)), replace=False)
    for position in positions.tolist():
        spoilt = bytearray(whole)
        spoilt[position] ^= 1 << int(rng.integers(8))
        file.write_bytes(spoilt)
        with pytest.raises(ArtifactError):
            load(version)
    file.write_bytes(whole)
    load(version)


@pytest.mark.parametrize("name", FILES)
def test_files_cut_short_or_grown_missing_or_no_files_are_found(version, name):
    file = version / name
    whole = file.read_bytes()
    for size in (0, 1, 7, 8, 9, len(whole) // 2, len(whole) - 1):
        file.write_bytes(whole[:size])
        with pytest.raises(ArtifactError):
            load(version)
    file.write_bytes(whole + b"\n")
    with pytest.raises(ArtifactError):
        load(version)
    file.unlink()
    with pytest.raises(ArtifactError):
        load(version)
    file.mkdir()
    with pytest.raises(ArtifactError):
        load(version)


def test_swapped_files_are_found(version, tmp_path):
    other = save(tmp_path / "other", LightFMModel(components=4, epochs=2, seed=9)).path
    for name in FILES:
        mine, theirs = (version / name).read_bytes(), (other / name).read_bytes()
        if mine != theirs:  # the vocabulary is the same
            (version / name).write_bytes(theirs)
            with pytest.raises(ArtifactError):
                load(version)
            (version / name).write_bytes(mine)
    model, serving = (version / MODEL).read_bytes(), (version / SERVING).read_bytes()
    (version / MODEL).write_bytes(serving)
    (version / SERVING).write_bytes(model)
    with pytest.raises(ArtifactError):
        load(version)


def test_a_moved_or_renamed_version_is_refused(version):
    with pytest.raises(ArtifactError, match="was renamed"):
        load(version.rename(version.parent / "lightfm-000000000000"))
    (version.parent.parent / "elsewhere").mkdir()
    with pytest.raises(ArtifactError, match="was moved"):
        load((version.parent / "lightfm-000000000000").rename(version.parent.parent / "elsewhere" / version.name))


def test_what_is_no_version_is_refused(tmp_path):
    (tmp_path / "file").write_text("{}")
    for path in (tmp_path / "nowhere", tmp_path, tmp_path / "file"):
        with pytest.raises(ArtifactError, match="is no model version"):
            load(path)


FORGERIES: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "another schema version": (lambda card: card.update(schema_version=2), "schema version 2"),
    "no schema version": (lambda card: card.pop("schema_version"), "schema_version"),
    "an unknown field": (lambda card: card.update(command="rm"), "command"),
    "a path upwards": (lambda card: card["files"].update({"../../keys.json": card["files"][MODEL]}), "other files"),
    "an absolute path": (lambda card: card["files"].update({"/etc/passwd": card["files"].pop(MODEL)}), "other files"),
    "a file too few": (lambda card: card["files"].pop(SERVING), "other files"),
    "a hash that is none": (lambda card: card["files"][MODEL].update(sha256="x" * 64), "sha256"),
    "a negative size": (lambda card: card["files"][MODEL].update(size=-1), "size"),
    "a market upwards": (lambda card: card.update(market="../sample"), "market"),
    "other parameters": (lambda card: card["parameters"].update(seed=7), "was changed"),
    "another calibration": (lambda card: card["calibration"].update(mean_log_time=9.0), "was changed"),
    "a falling curve": (lambda card: card["calibration"]["order"].update(slope=-1.0), "slope"),
    "numbers as text": (lambda card: card["calibration"]["order"].update(slope="high"), "slope"),
    "a list": (lambda card: card.clear(), "schema_version"),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_forged_manifests_are_refused(version, forgery):
    change, reason = FORGERIES[forgery]
    with pytest.raises(ArtifactError, match=reason):
        load(rewritten(version, change))


def test_a_model_that_is_not_on_the_ladder_is_refused(version):
    forged = renamed(rewritten(version, lambda card: card.update(model="oracle")))
    with pytest.raises(ArtifactError, match="no model 'oracle'"):
        load(forged)


def test_a_model_of_another_kind_is_refused(version):
    with pytest.raises(ArtifactError, match="does not restore"):
        load(renamed(rewritten(version, lambda card: card.update(model="popular"))))


def test_a_foreign_vocabulary_is_refused(version):
    ids = json.loads((version / VOCABULARY).read_bytes())
    for foreign, reason in (
        ({**ids, "diner_ids": ids["diner_ids"][:-1]}, "of another model"),
        ({**ids, "diner_ids": ["d0"] * len(ids["diner_ids"])}, "twice"),
        ({"diner_ids": ids["diner_ids"]}, "restaurant_ids"),
        ({**ids, "diner_ids": list(range(40))}, "diner_ids"),
    ):
        version = replaced(version, VOCABULARY, json.dumps(foreign).encode())
        with pytest.raises(ArtifactError, match=reason):
            load(version)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(("name", "array"), [(SERVING, "diner_vectors"), (MODEL, "restaurant_biases")])
def test_numbers_that_are_none_are_refused_when_read_and_when_written(version, tmp_path, name, array, value):
    arrays = tensors_of(version, name)
    arrays[array].flat[-1] = value
    with pytest.raises(ArtifactError, match="not finite"):
        load(replaced(version, name, to_safetensors(arrays)))
    with pytest.raises(ArtifactError, match="not finite"):
        save(tmp_path / "new", popularity=np.full(15, value, np.float32))
    assert not list((tmp_path / "new").rglob("*.json"))


CHANGES: dict[str, Callable[[dict[str, np.ndarray]], object]] = {
    "a row less": lambda arrays: arrays.update(diner_vectors=arrays["diner_vectors"][:-1].copy()),
    "a dimension less": lambda arrays: arrays.update(diner_vectors=arrays["diner_vectors"][:, 1:].copy()),
    "flat": lambda arrays: arrays.update(diner_vectors=arrays["diner_vectors"].ravel()),
    "doubles": lambda arrays: arrays.update(diner_vectors=arrays["diner_vectors"].astype(np.float64)),
    "whole numbers": lambda arrays: arrays.update(diner_biases=arrays["diner_biases"].astype(np.int32)),
    "an array less": lambda arrays: arrays.pop("restaurant_popularity"),
    "an array more": lambda arrays: arrays.update(more=np.zeros(3, np.float32)),
}


@pytest.mark.parametrize("change", CHANGES)
def test_arrays_of_other_shapes_are_refused(version, change):
    arrays = tensors_of(version, SERVING)
    CHANGES[change](arrays)
    with pytest.raises(ArtifactError, match="other arrays"):
        load(replaced(version, SERVING, to_safetensors(arrays)))


def test_a_learnt_part_of_other_sizes_is_refused(version):
    arrays = {name: np.zeros((3, 2), np.float32) for name in tensors_of(version, MODEL)}
    with pytest.raises(ArtifactError):
        load(replaced(version, MODEL, to_safetensors(arrays)))
    with pytest.raises(ArtifactError):
        load(replaced(version.parent / next(version.parent.iterdir()).name, MODEL, to_safetensors({})))


@pytest.mark.parametrize("name", [SERVING, MODEL])
@pytest.mark.parametrize("content", HOSTILE)
def test_hostile_tensor_files_are_refused(version, name, content):
    with pytest.raises(ArtifactError):
        load(replaced(version, name, HOSTILE[content]))


class _Bomb:
    """Leaves a mark when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.mark,))


@pytest.mark.parametrize("name", [MODEL, SERVING, VOCABULARY])
def test_a_pickle_is_never_opened(version, tmp_path, name):
    mark = tmp_path / "exploded"
    bomb = pickle.dumps(_Bomb(mark))
    npz = io.BytesIO()
    np.savez(npz, bomb=np.asarray([_Bomb(mark)], object), allow_pickle=True)
    for payload in (bomb, npz.getvalue()):
        version = replaced(version, name, payload)
        with pytest.raises(ArtifactError):
            load(version)
    assert not mark.exists()
    pickle.loads(bomb)
    assert mark.exists()  # the bomb is a real one


@pytest.mark.parametrize("step", ["fsync", "rename", "write"])
def test_a_death_between_writes_leaves_nothing_to_load(tmp_path, monkeypatch, step):
    """An exception stands for the kill: what lies on disk at that moment is all that the next start finds."""
    left: list[Path] = []

    def die(*_: object, **__: object) -> None:
        left.extend(file for file in tmp_path.rglob("*") if file.is_dir())
        for folder in left:
            with pytest.raises(ArtifactError):
                load(folder)
        raise OSError("killed")

    with monkeypatch.context() as patched:
        if step == "write":
            patched.setattr(artifacts, "_sync_folder", die)
        else:
            patched.setattr(os, step, die)
        with pytest.raises(OSError, match="killed"):
            save(tmp_path)
    assert left
    assert not [file for file in tmp_path.rglob("*") if file.is_file()]
    assert load(save(tmp_path).path).manifest.market == "sample"


def test_who_comes_second_with_the_same_content_is_content(tmp_path, monkeypatch):
    first = save(tmp_path)
    exists = Path.exists
    seen: list[Path] = []

    def not_yet(self: Path, **options: Any) -> bool:
        """At the first look the other process has not finished."""
        if self == first.path and not seen:
            seen.append(self)
            return False
        return exists(self, **options)

    monkeypatch.setattr(Path, "exists", not_yet)
    assert save(tmp_path).version == first.version
    assert seen
    assert [file.name for file in (tmp_path / "sample").iterdir()] == [first.version]


def test_a_model_that_does_not_fit_its_ids_is_not_saved(tmp_path):
    with pytest.raises(ArtifactError, match="other arrays"):
        save(tmp_path, diner_ids=tuple("abc"))
    with pytest.raises(ArtifactError, match="twice"):
        save(tmp_path, restaurant_ids=("r",) * 15)
    with pytest.raises(ArtifactError, match="other arrays"):
        save(tmp_path, popularity=np.zeros(3, np.float32))
    assert not [file for file in tmp_path.rglob("*") if file.is_file()]
