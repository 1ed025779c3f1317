"""safetensors files as memory maps.

The format is a little-endian 64-bit length, a JSON header of that length, and the tensors' bytes. The library's own
loader copies; a map costs nothing until a page is touched, and processes share the pages.
"""

import json
import math
import mmap
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, ValidationError

_DTYPES: Final = {
    "F32": np.float32,
    "F64": np.float64,
    "I32": np.int32,
    "I64": np.int64,
    "U8": np.uint8,
    "BOOL": np.bool_,
}
_MAX_HEADER_BYTES: Final = 1_000_000
_Extent = Annotated[int, Field(ge=0)]


class TensorError(Exception):
    """Not a safetensors file, or one whose header does not fit its size."""


class _Tensor(BaseModel):
    """What the header says of one tensor."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    dtype: Literal["F32", "F64", "I32", "I64", "U8", "BOOL"]
    shape: list[_Extent]
    data_offsets: Annotated[list[_Extent], Field(min_length=2, max_length=2)]


def map_tensors(file: Path) -> dict[str, npt.NDArray[Any]]:
    """All tensors of a file, read-only; raise TensorError unless the header describes the file exactly."""
    size = file.stat().st_size
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        if not 2 <= length <= min(_MAX_HEADER_BYTES, size - 8):
            raise TensorError(f"{file.name} has a header of an impossible length")
        header = _header(file, stream.read(length))
    start = 8 + length
    _check_layout(file, header, size - start)
    # One map for all: each map of its own would hold a file descriptor for as long as any of its arrays lives.
    with file.open("rb") as stream:
        mapped = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
    return {name: _array(mapped, tensor, start) for name, tensor in header.items()}


def _header(file: Path, text: bytes) -> dict[str, _Tensor]:
    try:
        entries = json.loads(text)
        if not isinstance(entries, dict):
            raise TensorError(f"{file.name} has no readable header")
        entries.pop("__metadata__", None)
        return {name: _Tensor.model_validate(entry) for name, entry in entries.items()}
    except ValidationError as error:
        raise TensorError(f"{file.name}: a tensor is described wrongly: {error.errors()[0]['msg']}") from None
    except (ValueError, RecursionError):
        raise TensorError(f"{file.name} has no readable header") from None


def _check_layout(file: Path, header: Mapping[str, _Tensor], size: int) -> None:
    """The tensors lie one behind the other, without overlap or gap, and fill the file."""
    end = 0
    for name, tensor in sorted(header.items(), key=lambda item: item[1].data_offsets):
        first, last = tensor.data_offsets
        # Python's integers: a product of hostile extents must not wrap around to something that fits.
        wanted = math.prod(tensor.shape) * np.dtype(_DTYPES[tensor.dtype]).itemsize
        if first != end or last - first != wanted or last > size or max(tensor.shape, default=0) > max(size, 1):
            raise TensorError(f"{file.name}: tensor {name!r} does not fit the file")
        end = last
    if end != size:
        raise TensorError(f"{file.name} holds bytes that no tensor describes")


def _array(mapped: mmap.mmap, tensor: _Tensor, start: int) -> npt.NDArray[Any]:
    dtype, shape = _DTYPES[tensor.dtype], tuple(tensor.shape)
    if 0 in shape:
        return np.frombuffer(b"", dtype).reshape(shape)
    return np.frombuffer(mapped, dtype, math.prod(shape), start + tensor.data_offsets[0]).reshape(shape)
