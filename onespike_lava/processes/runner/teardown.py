"""What Lava 0.10.0 does not do itself: name a failed child, end children, free shared memory.

Children are asked to stop where they can hear it, and killed where they do not.

It uses internals of Lava; `check_internals` says so in one line should they ever differ.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import suppress
from multiprocessing import Process
from typing import Any

from lava.magma.compiler.channels.pypychannel import CspRecvPort, CspSendPort
from lava.magma.runtime.message_infrastructure.multiprocessing import (
    MultiProcessing,
    SystemProcess,
)
from lava.magma.runtime.message_infrastructure.shared_memory_manager import SharedMemoryManager
from lava.magma.runtime.mgmt_token_enums import MGMT_COMMAND
from lava.magma.runtime.runtime import Runtime

from onespike_lava.errors import LavaRunError
from onespike_lava.processes.runner.patience import POLL_SECONDS

INTERNALS: tuple[tuple[type, tuple[str, ...]], ...] = (
    (Runtime, ("_messaging_infrastructure", "_open_ports", "_is_started", "_is_running")),
    (Runtime, ("_watchdog_manager", "exception_q", "service_to_runtime", "runtime_to_service")),
    (MultiProcessing, ("_smm", "_actors")),
    (SystemProcess, ("_pconn", "_cconn", "_is_done")),
    (SharedMemoryManager, ("_shared_memory_handles", "_manager")),
    (CspSendPort, ("_done", "_array", "thread")),
    (CspRecvPort, ("_done", "_array", "thread")),
)
"""Attributes that this module and the runner rely on, set by each class's constructor."""

STOP_SECONDS = 0.5
"""How long children may take to stop when asked; about 0.02 s on an idle machine."""

END_SECONDS = 5.0
"""How long a killed child or a port's thread may take to end."""


def check_internals() -> None:
    """Raise `LavaRunError` if Lava lacks an internal attribute that this module needs."""
    for kind, names in INTERNALS:
        missing = [name for name in names if name not in kind.__init__.__code__.co_names]  # type: ignore[misc]
        if missing or not hasattr(Runtime, "_start_ports"):
            raise LavaRunError(
                f"lava: {kind.__name__} has no {', '.join(missing) or '_start_ports'}, this is "
                "not lava-nc 0.10.0; install that version"
            )


def first_failure(actors: Iterable[Any], names: Iterable[str], early: bool) -> str | None:
    """The first child that failed or died, with its traceback or exit code; else None.

    `early` counts a child that has ended without an error, as its neighbours do where the
    runtime service stops them after a failure.
    """
    for actor, name in zip(actors, names, strict=False):
        failure = None if actor._is_done else _failure(actor, early)
        if failure:
            return f"{name}: {failure}"
    return None


def _failure(actor: Any, early: bool) -> str | None:
    alive = actor.is_alive()  # asked first: a child reports before it ends
    if actor._pconn.poll():
        try:
            outcome = actor._pconn.recv()
        except Exception as error:
            return f"failed with an error that cannot be read ({error})"
        if outcome is not None:
            return str(outcome[1]).rstrip()
    if alive or (actor.exitcode == 0 and not early):
        return None
    return f"died with exit code {actor.exitcode}"


def release(runtime: Any, idle: bool) -> None:
    """End the runtime's children, its ports' threads and its shared memory.

    `idle` says that no call to Lava is under way, so that children may be asked to stop.
    """
    runtime._is_started = runtime._is_running = False
    infrastructure = runtime._messaging_infrastructure
    if infrastructure is None:
        return
    try:
        if idle and all(actor.is_alive() for actor in infrastructure.actors):
            _ask_to_stop(runtime, infrastructure.actors)
    finally:
        _end_children(infrastructure.actors)
    for port in runtime._open_ports:
        port.join()
        if port.thread is not None:
            port.thread.join(END_SECONDS)
        port._array = []
    runtime._open_ports.clear()
    if infrastructure.smm is not None:
        _free(infrastructure.smm)


def _ask_to_stop(runtime: Any, actors: list[Any]) -> None:
    """Let every model and the runtime service return, for as long as `STOP_SECONDS`."""
    for port in runtime.runtime_to_service:
        port.send(MGMT_COMMAND.STOP)
    limit = time.monotonic() + STOP_SECONDS
    while any(actor.is_alive() for actor in actors) and time.monotonic() < limit:
        time.sleep(POLL_SECONDS)


def _end_children(actors: list[Any]) -> None:
    running = [actor for actor in actors if not actor._is_done]
    for actor in running:
        actor.kill()
    for actor in running:
        Process.join(actor, END_SECONDS)
        actor._pconn.close()
        actor._cconn.close()
        actor._is_done = True
        if not actor.is_alive():
            actor.close()


def _free(manager: Any) -> None:
    """Shut the manager of shared memory down; free what is left if it died before."""
    blocks = list(manager._shared_memory_handles)
    try:
        manager.shutdown()
    except Exception:
        manager._manager = None
    for block in blocks:
        with suppress(FileNotFoundError):
            block.unlink()
