"""Files written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from onespike_lava.errors import DataError


def write_atomic(path: str | os.PathLike[str], content: bytes) -> None:
    """Write `content` beside `path` and rename it there: the old file or the new one, whole.

    Raises `DataError` where the folder cannot take it; nothing is left behind.
    """
    target = Path(path)
    temporary = None
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).chmod(0o666 & ~_umask())
        Path(temporary).replace(target)
    except OSError as error:
        raise DataError(
            f"{target}: cannot be written ({error.strerror}); give another path"
        ) from None
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


def read_bytes(path: str | os.PathLike[str], limit: int) -> bytes:
    """A file's bytes; `DataError` where it is absent, no file, unreadable or above `limit`."""
    source = Path(path)
    try:
        if not source.is_file():
            state = "is a folder" if source.is_dir() else "does not exist"
            raise DataError(f"{source}: {state}; give the path of a file")
        size = source.stat().st_size
        if size > limit:
            raise DataError(
                f"{source}: {size} bytes exceed the limit of {limit}; use a smaller one"
            )
        return source.read_bytes()
    except OSError as error:
        raise DataError(f"{source}: cannot be read ({error.strerror})") from None
