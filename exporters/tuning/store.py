"""Results on disk as they come: after a kill at any moment nothing that was finished is lost.

A folder holds `tune.json`, what its points were measured on; `points.jsonl`, a line for each
finished piece of work, appended and flushed to disk; `nets/KEY.net`, each conversion, whose
digest stands in its line.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from exporters.tuning import records
from onespike_lava.errors import DataError
from onespike_lava.netx.reader import FILE_LIMIT
from onespike_lava.system.files import check_file, read_bytes, sweep, write_atomic

try:
    import fcntl
except ImportError:  # Windows: two calls at once are not kept apart
    fcntl = None  # type: ignore[assignment]

HEAD, POINTS, NETS = "tune.json", "points.jsonl", "nets"

HEAD_LIMIT, POINTS_LIMIT = 2**20, 2**30
"""Most bytes of these files."""


class Store:
    """The folder of one search, locked while it is open.

    head : what the points are measured on, such as `model`: its digest; a folder that holds
           points of another is refused

    Raises `DataError` for such a folder, one in use, one that cannot be written or read.
    """

    def __init__(self, folder: str | os.PathLike[str], head: Mapping[str, str]) -> None:
        self.folder = Path(folder)
        try:
            (self.folder / NETS).mkdir(parents=True, exist_ok=True)
            if (self.folder / POINTS).exists():  # a pipe would wait for its other end
                check_file(self.folder / POINTS)
            self._stream = (self.folder / POINTS).open("ab", buffering=0)
        except OSError as error:
            raise DataError(
                f"{self.folder}: no folder for results ({error.strerror}); give another"
            ) from None
        try:
            self._lock()
            self._same(head)
            self._sweep()
            self.known = self._read()
        except BaseException:
            self._stream.close()
            raise

    def add(self, key: str, record: Mapping[str, Any]) -> None:
        """Append a record; once this returns no kill loses it."""
        rest = json.dumps({"key": key, **record}, allow_nan=False).encode() + b"\n"
        try:
            while rest:  # a disk that is nearly full takes a part
                rest = rest[self._stream.write(rest) :]
            os.fsync(self._stream.fileno())
        except OSError as error:
            raise DataError(
                f"{self.folder}: cannot be written ({error.strerror}); free some space and call "
                "again, nothing finished is lost"
            ) from None
        self.known[key] = {"key": key, **record}

    def net_path(self, key: str) -> Path:
        """Where the conversion of a key is kept."""
        return self.folder / NETS / f"{key}.net"

    def has_net(self, key: str) -> bool:
        """Whether the conversion of a key is there, and its digest known."""
        return self._digest(key) is not None and self.net_path(key).is_file()

    def save_net(self, key: str, content: bytes, record: Mapping[str, Any]) -> None:
        """Keep a conversion, and a record of it."""
        write_atomic(self.net_path(key), content)
        self.add(records.net_key(key), {"sha256": _sha256(content), **record})

    def net(self, key: str) -> bytes:
        """The bytes of a conversion; `DataError` where they are not those that were kept."""
        path = self.net_path(key)
        content, digest = read_bytes(path, FILE_LIMIT), self._digest(key)
        if (found := _sha256(content)) != digest:
            raise DataError(
                f"{path}: SHA-256 is {found[:12]}, not {str(digest)[:12]} as in {POINTS}; delete "
                "the file, and it is made again"
            )
        return content

    def _digest(self, key: str) -> str | None:
        return self.known.get(records.net_key(key), {}).get("sha256")

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()

    def _lock(self) -> None:
        if fcntl is None:
            return
        try:
            fcntl.flock(self._stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise DataError(
                f"{self.folder}: another tune is at work there; wait for it or give another folder"
            ) from None

    def _same(self, head: Mapping[str, str]) -> None:
        path = self.folder / HEAD
        if not path.exists():
            write_atomic(path, json.dumps(dict(head), indent=1).encode() + b"\n")
            return
        try:
            found = json.loads(read_bytes(path, HEAD_LIMIT))
            other = [name for name in head if found.get(name) != head[name]]
        except (ValueError, AttributeError, RecursionError):
            raise DataError(f"{path}: not what tune writes; give another folder") from None
        if other:
            raise DataError(
                f"{self.folder}: holds points of another {other[0]} "
                f"({str(found.get(other[0]))[:12]}, not {head[other[0]][:12]}); give another folder"
            )

    def _sweep(self) -> None:
        """Remove what a killed writer left beside the files."""
        for folder in (self.folder, self.folder / NETS):
            sweep(folder)

    def _read(self) -> dict[str, dict[str, Any]]:
        """All whole lines; a last one that a kill cut off is taken away, to be measured again."""
        path = self.folder / POINTS
        content = read_bytes(path, POINTS_LIMIT)
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) < len(content):
            os.truncate(path, len(whole))
        found = [records.parse(line) for line in whole.splitlines()]
        if None in found:
            number = found.index(None) + 1
            raise DataError(f"{path}: line {number} is no point; take the line away")
        return {record["key"]: record for record in found if record is not None}


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
