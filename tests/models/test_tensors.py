"""Tensor files by themselves, where no hash protects them; and that no other format is read."""

import ast
from pathlib import Path

import numpy as np
import pytest
from hostile_tensors import HOSTILE
from safetensors.numpy import save as to_safetensors

import models
from models.tensors import TensorError, map_tensors


@pytest.mark.parametrize("content", HOSTILE)
def test_a_tensor_file_is_refused_for_its_own_faults(tmp_path, content):
    """Whatever hash or description may stand around it."""
    (tmp_path / "file").write_bytes(HOSTILE[content])
    with pytest.raises(TensorError):
        map_tensors(tmp_path / "file")


def test_a_sound_tensor_file_is_mapped(tmp_path):
    arrays = {"a": np.arange(6, dtype=np.int32).reshape(2, 3), "b": np.ones(2, np.bool_), "c": np.empty((0, 4), "f4")}
    (tmp_path / "file").write_bytes(to_safetensors(arrays))
    found = map_tensors(tmp_path / "file")
    assert found.keys() == arrays.keys()
    for name, array in arrays.items():
        assert (found[name].dtype, found[name].tolist()) == (array.dtype, array.tolist())


def test_no_model_code_imports_a_format_that_can_run_code():
    for file in Path(models.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            forbidden = {"pickle", "joblib", "shelve", "marshal", "dill", "cloudpickle", "torch"}
            assert not forbidden & {name.split(".")[0] for name in names}, file
            if isinstance(node, ast.keyword):
                assert node.arg != "allow_pickle", file
