"""safetensors files as memory maps.

The format is a little-endian 64-bit length, a JSON header of that length, and the tensors' bytes. The library's own
loader copies; a map costs nothing until a page is touched, and processes share the pages.
"""

import json
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

_DTYPES: Final = {
    "F32": np.float32,
    "F64": np.float64,
    "I32": np.int32,
    "I64": np.int64,
    "U8": np.uint8,
    "BOOL": np.bool_,
}
_MAX_HEADER_BYTES: Final = 1_000_000


class TensorError(Exception):
    """Not a safetensors file, or one whose header does not fit its size."""


def map_tensors(file: Path) -> dict[str, npt.NDArray[Any]]:
    """All tensors of a file, read-only; raise TensorError unless the header describes the file exactly."""
    size = file.stat().st_size
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        if not 2 <= length <= min(_MAX_HEADER_BYTES, size - 8):
            raise TensorError(f"{file.name} has a header of an impossible length")
        header = _header(file, stream.read(length))
    start = 8 + length
    tensors: dict[str, npt.NDArray[Any]] = {}
    described = 0
    for name, entry in header.items():
        try:
            dtype, shape = _DTYPES[entry["dtype"]], tuple(int(extent) for extent in entry["shape"])
            first, last = (int(offset) for offset in entry["data_offsets"])
        except (KeyError, TypeError, ValueError):
            raise TensorError(f"{file.name}: tensor {name!r} is described wrongly") from None
        wanted = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
        if min(shape, default=0) < 0 or first < 0 or last - first != wanted or start + last > size:
            raise TensorError(f"{file.name}: tensor {name!r} does not fit the file")
        described += wanted
        tensors[name] = _mapped(file, dtype, start + first, shape)
    if start + described != size:
        raise TensorError(f"{file.name} holds bytes that no tensor describes")
    return tensors


def _header(file: Path, text: bytes) -> dict[str, Any]:
    try:
        header = json.loads(text)
    except ValueError:
        raise TensorError(f"{file.name} has no readable header") from None
    if not isinstance(header, dict):
        raise TensorError(f"{file.name} has no readable header")
    header.pop("__metadata__", None)
    return header


def _mapped(file: Path, dtype: type[np.generic], offset: int, shape: tuple[int, ...]) -> npt.NDArray[Any]:
    if 0 in shape:
        return np.empty(shape, dtype)
    return np.asarray(np.memmap(file, dtype=dtype, mode="r", offset=offset, shape=shape))
