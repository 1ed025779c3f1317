"""Files that claim to hold tensors and must be refused, by what is wrong with them."""

import json
import pickle

import numpy as np


def _file(header: object, body: bytes = b"", length: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return (len(text) if length is None else length).to_bytes(8, "little") + text + body


def _entry(shape: list[object], first: int, last: int, dtype: str = "F32") -> dict[str, object]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [first, last]}


HOSTILE = {
    "nothing": b"",
    "a length beyond the file": _file({}, length=10**6),
    "the largest length": _file({}, length=2**64 - 1),
    "no JSON": _file(b"\xff\xfe\x00 not json"),
    "a list": _file([1, 2]),
    "nested too deep": _file(b"[" * 50_000),
    "text for an entry": _file({"a": "b"}),
    "an unknown dtype": _file({"a": _entry([1], 0, 4, "F8_E5M2")}, bytes(4)),
    "a negative extent": _file({"a": _entry([-1], 0, 4)}, bytes(4)),
    "an extent that is no number": _file({"a": _entry(["1"], 0, 4)}, bytes(4)),
    "a fraction": _file({"a": _entry([1.0], 0, 4)}, bytes(4)),
    "extents whose product wraps": _file({"a": _entry([2**32, 2**32], 0, 0)}),
    "huge and empty": _file({"a": _entry([2**62, 0], 0, 0)}),
    "offsets beyond the file": _file({"a": _entry([4], 0, 16)}, bytes(4)),
    "offsets backwards": _file({"a": _entry([1], 8, 4)}, bytes(8)),
    "offsets before the file": _file({"a": _entry([1], -4, 0)}, bytes(4)),
    "an overlap": _file({"a": _entry([2], 0, 8), "b": _entry([1], 4, 8)}, bytes(8)),
    "a gap": _file({"a": _entry([1], 0, 4), "b": _entry([1], 8, 12)}, bytes(12)),
    "bytes left over": _file({"a": _entry([1], 0, 4)}, bytes(5)),
    "a pickle": pickle.dumps({"a": np.zeros(3)}),
}
