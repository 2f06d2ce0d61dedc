"""Work given to this process, to others of this machine, or to a Dask cluster: one interface.

A crew takes functions with `submit` and answers with `concurrent.futures.Future`s. Functions,
arguments and results travel pickled, so functions are those of modules. Leaving the crew's
context ends whatever is still at work: nothing outlives it, not even a `kill -9` of its owner.
"""

from __future__ import annotations

import multiprocessing
import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    wait,
)
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from typing import Any

from onespike_lava.errors import OptionError, WorkerError
from onespike_lava.system import threads
from onespike_lava.system.files import sweep_scratch
from onespike_lava.system.parts import need
from onespike_lava.version import __version__

MOST = 61 if sys.platform == "win32" else 1024
"""Most processes; Windows waits for no more than 63 things at once."""

PATIENCE = 10
"""Seconds that a scheduler, and its first worker, may take to answer."""

ADDRESS = re.compile(
    r"((?P<kind>tcp|tls|ws)://)?([\w.-]+|\[[\da-fA-F:.]+\]):(?P<port>\d{1,5})", re.ASCII
)
"""Addresses of schedulers."""

READER_STAYS = sys.version_info < (3, 11, 7) or sys.version_info[:3] == (3, 12, 0)
"""Whether CPython leaves the pipe of tasks open to itself when its workers are gone (gh-94777), so
that a thread which still writes a task waits for ever."""

ENDS = (signal.SIGINT, signal.SIGTERM)
"""Signals that end the owner, who then ends its workers."""


class Crew:
    """The process itself, which does what it is given at once, one after the other."""

    @property
    def width(self) -> int:
        """How many pieces of work it does at a time."""
        return 1

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """The future result of a call."""
        future: Future[Any] = Future()
        try:
            future.set_result(function(*arguments))
        except Exception as error:
            future.set_exception(error)
        return future


class _Workers(Crew):
    """An executor's workers, however many there are."""

    def __init__(self, executor: Executor, width: Callable[[], int]) -> None:
        self.executor, self._width = executor, width

    @property
    def width(self) -> int:
        return self._width()

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        with _interrupts_later():
            return self.executor.submit(function, *arguments)


Task = tuple[Any, Callable[..., Any], tuple[Any, ...]]
"""A key, and a function with its arguments."""


def finished(crew: Crew, following: Callable[[], Task | None]) -> Iterator[tuple[Any, Any]]:
    """Key and result of each task, as they come.

    following : the next task, None where there is none, or none before a result is in
    """
    running: dict[Future[Any], Any] = {}
    while True:
        while len(running) < crew.width and (task := following()) is not None:
            key, function, arguments = task
            running[crew.submit(function, *arguments)] = key
        if not running:
            return
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            yield running.pop(future), _result(future)


def _result(future: Future[Any]) -> Any:
    try:
        return future.result()
    except BrokenExecutor:
        raise WorkerError(
            "workers: a process ended by itself, often for want of memory; use fewer --workers"
        ) from None


@contextmanager
def crew(workers: int = 1, scheduler: str | None = None) -> Iterator[Crew]:
    """A crew of so many processes, or of the Dask cluster whose scheduler has that address.

    Raises `OptionError` for both, no worker at all, more than `MOST` or what is no address,
    `MissingPartError`, `WorkerError`.
    """
    if workers < 1:
        raise OptionError(f"workers: {workers} is below 1; give the number of processes")
    if workers > MOST:
        raise OptionError(f"workers: {workers} exceeds {MOST}; give one for each processor")
    if scheduler is not None and workers > 1:
        raise OptionError("workers: a cluster has its own; give either --workers or --scheduler")
    if scheduler is not None:
        with _cluster(scheduler) as found:
            yield found
    elif workers > 1:
        with _processes(workers) as found:
            yield found
    else:
        yield Crew()


@contextmanager
def _processes(workers: int) -> Iterator[Crew]:
    """Processes that share the machine's threads among them.

    Each listens on a pipe and ends when it closes: at the end here, or with this process.
    """
    context = multiprocessing.get_context("spawn")
    listening, alive = context.Pipe(duplex=False)
    each = max(1, threads.limit() // workers)
    executor: Any = ProcessPoolExecutor(workers, context, _begin, (listening, each))
    try:
        yield _Workers(executor, lambda: workers)
    finally:
        alive.close()
        if READER_STAYS:
            with suppress(OSError, TypeError):  # the executor's own thread may be closing it now
                executor._call_queue._reader.close()
        executor.shutdown(wait=True, cancel_futures=True)
        listening.close()
        sweep_scratch()  # of workers that were at work


def _begin(owner: Connection, number: int) -> None:
    """In a new process: its share of threads, and its end with that of its owner."""
    threads.restrict(number)
    for each in ENDS:
        signal.signal(each, signal.SIG_IGN)

    def listen() -> None:
        try:
            owner.recv_bytes()
        except EOFError:
            pass
        finally:
            os._exit(1)

    threading.Thread(target=listen, name="onespike-owner", daemon=True).start()


@contextmanager
def _interrupts_later() -> Iterator[None]:
    """Processes begun here hear neither Ctrl-C nor SIGTERM, which their owner hears afterwards."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _cluster(address: str) -> Iterator[Crew]:
    cluster = need("distributed.client", "scheduler", extra="dask")
    _check_address(cluster, address)
    try:
        client = cluster.Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise WorkerError(
            f"scheduler: {address} does not answer ({reason}); start one with `dask scheduler`"
        ) from None
    try:
        _check_versions(client, address)
        executor = client.get_executor(pure=False)
        try:
            yield _Workers(executor, lambda: max(1, sum(client.nthreads().values())))
        finally:
            executor.shutdown(wait=False)
    finally:
        client.close()


def _check_address(cluster: Any, address: str) -> None:
    """`OptionError` for addresses that a client takes up and never gets rid of."""
    found = ADDRESS.fullmatch(address)
    if found is None or not 0 < int(found["port"]) < 2**16:
        raise OptionError(f"scheduler: {address!r} is no address; give one as tcp://HOST:PORT")
    if (
        found["kind"] == "tls"
        and cluster.Security().get_connection_args("client")["ssl_context"] is None
    ):
        raise OptionError(
            f"scheduler: {address} needs certificates; name them in Dask's settings, "
            "distributed.comm.tls"
        )


def _check_versions(client: Any, address: str) -> None:
    """Every worker must have this version; `WorkerError` where there is none, or another."""
    try:
        client.wait_for_workers(1, timeout=PATIENCE)
    except TimeoutError:
        raise WorkerError(
            f"scheduler: {address} has no workers; start some with `dask worker {address}`"
        ) from None
    try:
        found = set(client.run(version).values())
    except Exception as error:
        raise WorkerError(
            f"scheduler: a worker of {address} cannot load onespike-lava ({error}); install "
            f"{__version__} there"
        ) from None
    if found != {__version__}:
        names = ", ".join(sorted(found))
        raise WorkerError(
            f"scheduler: workers of {address} have onespike-lava {names}; install {__version__}"
        )


def version() -> str:
    """The version of this library where it is called."""
    return __version__
