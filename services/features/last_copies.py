"""What a process remembers of what it last saw in the cache, for the time when the cache is away."""

from collections import OrderedDict


class LastCopies:
    """The most recently used blobs by key, at most `capacity`; every operation takes constant time.

    Blobs above `max_blob_bytes` are not kept, so that `capacity` bounds the memory.
    """

    def __init__(self, capacity: int, *, max_blob_bytes: int = 16 * 1024) -> None:
        self._capacity = capacity
        self._max_blob_bytes = max_blob_bytes
        self._blobs: OrderedDict[bytes, bytes] = OrderedDict()

    def __len__(self) -> int:
        return len(self._blobs)

    def keep(self, key: bytes, blob: bytes) -> None:
        """Remember the blob as the newest; the least recently used makes room."""
        if len(blob) > self._max_blob_bytes:
            self._blobs.pop(key, None)
            return
        self._blobs[key] = blob
        self._blobs.move_to_end(key)
        if len(self._blobs) > self._capacity:
            self._blobs.popitem(last=False)

    def get(self, key: bytes) -> bytes | None:
        """The last copy, which becomes the most recently used."""
        blob = self._blobs.get(key)
        if blob is not None:
            self._blobs.move_to_end(key)
        return blob

    def drop(self, key: bytes) -> None:
        """Forget it."""
        self._blobs.pop(key, None)
