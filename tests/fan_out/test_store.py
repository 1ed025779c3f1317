"""Parcels in a store: whole or not there, on a disk and behind fsspec."""

from pathlib import Path

import pytest

from services.fan_out.store import Store, StoreError

fsspec = pytest.importorskip("fsspec")


@pytest.fixture(params=["disk", "file", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    urls = {
        "disk": str(tmp_path / "store"),
        "file": f"file://{tmp_path}/store",
        "memory": f"memory://{tmp_path.name}",
    }
    return Store(urls[request.param])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "given" / "deep" / "er").mkdir(parents=True)
    (tmp_path / "given" / "a.bin").write_bytes(bytes(range(256)) * 100)
    (tmp_path / "given" / "deep" / "er" / "b.txt").write_text("b")
    return tmp_path / "given"


def content(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_a_parcel_comes_back_as_it_was_sent(store: Store, folder: Path, tmp_path: Path) -> None:
    assert not store.has("market=a/data-1")
    store.put("market=a/data-1", folder)
    assert store.has("market=a/data-1")
    assert content(Store(store.url).get("market=a/data-1", tmp_path / "got")) == content(folder)


def test_a_folder_without_files_is_a_parcel_too(store: Store, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    store.put("market=a/nothing", tmp_path / "empty")
    assert content(store.get("market=a/nothing", tmp_path / "got")) == {}


def test_the_first_one_that_is_whole_is_kept(store: Store, folder: Path, tmp_path: Path) -> None:
    store.put("x", folder)
    (folder / "a.bin").write_bytes(b"other")
    store.put("x", folder)
    assert content(store.get("x", tmp_path / "got"))["a.bin"] != b"other"


def test_what_is_removed_is_gone_and_what_is_not_there_says_so(store: Store, folder: Path, tmp_path: Path) -> None:
    store.put("market=a/x", folder)
    store.put("market=b/x", folder)
    store.remove("market=a")
    store.remove("market=a")
    assert (store.has("market=a/x"), store.has("market=b/x")) == (False, True)
    with pytest.raises(StoreError, match="market=a/x is not there"):
        store.get("market=a/x", tmp_path / "got")


def test_damage_is_refused(store: Store, folder: Path, tmp_path: Path) -> None:
    store.put("x", folder)
    index = store._index("x")
    assert index is not None
    store._files.pipe_file(store._at("x", index["attempt"], "a.bin"), b"\0" * 25_600)
    with pytest.raises(StoreError, match=r"x: a\.bin is not what its index says"):
        store.get("x", tmp_path / "got")


def test_a_file_that_went_missing_is_told(store: Store, folder: Path, tmp_path: Path) -> None:
    store.put("x", folder)
    index = store._index("x")
    assert index is not None
    store._files.rm(store._at("x", index["attempt"], "a.bin"))
    with pytest.raises(StoreError, match=r"a\.bin"):
        store.get("x", tmp_path / "got")


def test_a_protocol_without_a_driver_says_what_to_install() -> None:
    with pytest.raises(StoreError, match="nowhere"):
        Store("nowhere://bucket/prefix")
