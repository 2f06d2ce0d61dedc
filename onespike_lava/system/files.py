"""Files written whole or not at all, and scratch folders that outlive no run for long.

What a killed process left is known by a lock that nobody holds any more: the next run takes it
away. Where a system has no such locks (Windows, some network file systems) it stays.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from onespike_lava.errors import DataError, OptionError
from onespike_lava.system.kinds import KINDS

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

PART = r"\.{name}\.[0-9a-f]{{8}}\.part"
"""Name of a file that is being written, beside the one it becomes."""

SCRATCH = "onespike-scratch-"
"""Begin of the name of a scratch folder."""

NO_SURPRISE = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
"""Opens no link, and does not wait for a pipe's other end."""

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What a disk says that takes no more."""


def write_atomic(path: str | os.PathLike[str], content: bytes) -> None:
    """Write `content` beside `path` and rename it there: the old file or the new one, whole.

    A link is followed, so that it stays and what it points to is written. Parts that killed
    writers of this file left are removed.

    Raises `DataError` where the folder cannot take it, or something else than a file is there;
    nothing is left behind.
    """
    target = Path(path)
    try:
        end = Path(os.path.realpath(path))
        check_replaceable(target)
        sweep(end.parent, re.escape(end.name))
        _replace(end, content)
    except OSError as error:
        raise DataError(
            f"{target}: cannot be written ({error.strerror}); give another path"
        ) from None


def keep_inputs(
    outputs: Mapping[str, tuple[str | os.PathLike[str] | None, str]],
    inputs: Mapping[str, str | os.PathLike[str] | None],
) -> None:
    """Raise `OptionError` where what is to be written would take the place of what is read.

    outputs : option -> path, and the ending of such files
    inputs  : what it is, such as `model` -> path; None for none, in both

    Links and other spellings of a path count; so do files of other kinds that are there, for
    nobody wants a network in place of data.
    """
    seen: dict[str, str | os.PathLike[str] | None] = dict(inputs)
    for option, (path, ending) in outputs.items():
        if path is None:
            continue
        for what, other in seen.items():
            if other is not None and _same(path, other):
                raise OptionError(f"{option}: {path} is the {what} itself; give another path")
        found = Path(path).suffix.lower()
        if found in KINDS and found != ending and os.path.exists(path):  # noqa: PTH110  any text
            raise OptionError(
                f"{option}: {path} is {KINDS[found]}, which would be lost; give a path that ends "
                f"in {ending}"
            )
        seen[option] = path


def _same(one: str | os.PathLike[str], other: str | os.PathLike[str]) -> bool:
    """Whether two paths lead to one file, or would once they are there."""
    try:
        return os.path.realpath(one) == os.path.realpath(other) or os.path.samefile(one, other)  # noqa: PTH121
    except (OSError, ValueError):
        return False


def check_replaceable(path: str | os.PathLike[str]) -> None:
    """`DataError` where something else than a file is there, which no file can replace."""
    target = Path(path)
    try:
        mode = Path(os.path.realpath(path)).stat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISREG(mode):
        state = "a folder" if stat.S_ISDIR(mode) else "no regular file"
        raise DataError(f"{target}: cannot be written (is {state}); give another path")


def _replace(target: Path, content: bytes) -> None:
    part, handle = _new_part(target)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
            part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _new_part(target: Path) -> tuple[Path, int]:
    """A new file beside the target, locked as long as its handle is open."""
    while True:
        part = target.with_name(f".{target.name}.{os.urandom(4).hex()}.part")
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        if _hold(handle, part):
            return part, handle
        os.close(handle)


def sweep(folder: Path, name: str = ".*") -> None:
    """Remove parts that killed writers left in a folder.

    name : regular expression of the names of the files that they were to become
    """
    _take_away(folder, PART.format(name=name))


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder for the time of a `with`, in the system's for temporary files.

    Folders that killed runs left there are removed. Raises `DataError` where the disk is full.
    """
    folder, handle = None, None
    try:
        sweep_scratch()
        folder, handle = _new_scratch()
        yield folder
    except OSError as error:
        if folder is not None and error.errno not in FULL:
            raise
        place = folder.parent if folder else "the folder for temporary files"
        raise DataError(
            f"{place}: cannot be written ({error.strerror}); free some space, or set TMPDIR to "
            "another folder"
        ) from None
    finally:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
        if handle is not None:
            os.close(handle)


def sweep_scratch() -> None:
    """Remove scratch folders that killed processes left."""
    _take_away(Path(tempfile.gettempdir()), SCRATCH + "[a-z0-9_]{8}")


def reserve(path: Path, size: int) -> None:
    """A new file of so many zero bytes, with room for them: a mapping of it cannot run full."""
    with path.open("xb") as stream:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(stream.fileno(), 0, max(1, size))
        else:
            stream.truncate(size)


def _new_scratch() -> tuple[Path, int | None]:
    """A new folder, locked as long as its handle is open."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=SCRATCH))
        if fcntl is None:
            return folder, None
        try:
            handle = os.open(folder, os.O_RDONLY)
        except FileNotFoundError:  # a sweep was faster
            continue
        if _hold(handle, folder):
            return folder, handle
        os.close(handle)


def _hold(handle: int, path: Path) -> bool:
    """Lock what was just made; False where a sweep was faster and took it for left behind."""
    if not _lock(handle, otherwise=True):
        return False
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


def _take_away(folder: Path, pattern: str) -> None:
    """Remove files and folders of such names, of this user, that nobody holds locked."""
    try:
        left = [each for each in folder.iterdir() if re.fullmatch(pattern, each.name, re.DOTALL)]
    except OSError:  # may be written, not listed
        return
    for path in left:
        try:
            handle = os.open(path, os.O_RDONLY | NO_SURPRISE)
        except OSError:
            continue
        try:
            if _own(handle) and _lock(handle, otherwise=False):
                _remove(path)
        finally:
            os.close(handle)


def _own(handle: int) -> bool:
    return not hasattr(os, "geteuid") or os.fstat(handle).st_uid == os.geteuid()


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
        return
    with suppress(OSError):
        path.unlink()


def _lock(handle: int, *, otherwise: bool) -> bool:
    """Whether the lock could be had; `otherwise` where there are none."""
    if fcntl is None:
        return otherwise
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return otherwise
    return True


def check_file(path: str | os.PathLike[str]) -> int:
    """A file's size in bytes; `DataError` where it is absent, no regular file or unreadable."""
    source = Path(path)
    try:
        if not source.is_file():
            there = "is a folder" if source.is_dir() else "is a device or pipe"
            state = there if source.exists() else "does not exist"
            raise DataError(f"{source}: {state}; give the path of a file")
        source.open("rb").close()
        return source.stat().st_size
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{source}: cannot be read ({reason}); give another path") from None


def read_bytes(path: str | os.PathLike[str], limit: int) -> bytes:
    """A file's bytes; `DataError` where it is absent, no file, unreadable or above `limit`."""
    size = check_file(path)
    if size > limit:
        raise DataError(f"{path}: {size} bytes exceed the limit of {limit}; use a smaller one")
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); try again") from None
