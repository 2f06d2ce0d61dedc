"""A guarded run of any Lava network: it ends in a result or an error, and leaves nothing.

Plain Lava hangs in silence when a model raises before it sends or a child is killed, and
leaves children and shared memory when the parent is. A `Session` runs without blocking,
watches every child, keeps a time limit, and at the end asks the children to stop, kills those
that do not, and removes ports and shared memory by itself.

    with Session(process, Loihi2SimCfg(select_tag="fixed_pt")) as session:
        session.run(steps)
        values = session.get(process.some_var)

Children are forks, which inherit no threads. NumPy's are made anew; a model of one's own that
needs torch or a parallel region of Numba must be the first to use it, else it waits until the
time limit.

The time limit of a run grows with its steps and children. The environment variable
`ONESPIKE_LAVA_TIMEOUT` (seconds) overrides it and that of every other call to Lava.
"""

from __future__ import annotations

import atexit
import math
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from lava.magma.compiler.compiler import Compiler
from lava.magma.core.process.message_interface_enum import ActorType
from lava.magma.core.process.variable import Var
from lava.magma.core.run_conditions import RunSteps
from lava.magma.runtime.mgmt_token_enums import MGMT_RESPONSE, enum_equal
from lava.magma.runtime.runtime import Runtime
from numpy.typing import NDArray

from onespike_lava.errors import LavaRunError
from onespike_lava.processes.runner.children import bound_children, fork_method
from onespike_lava.processes.runner.patience import (
    GRACE_SECONDS,
    LOOK_SECONDS,
    POLL_SECONDS,
    SECONDS_PER_CHILD,
    SECONDS_PER_CHILD_AND_STEP,
    SECONDS_PER_VALUE,
    STARTUP_SECONDS,
    TIMEOUT_VARIABLE,
    timeout_from_environment,
)
from onespike_lava.processes.runner.teardown import check_internals, first_failure, release
from onespike_lava.processes.runner.together import Together

_starting = threading.Lock()
"""One session starts at a time: what children inherit is set for the whole process."""


class _WatchedRuntime(Runtime):  # type: ignore[misc]
    """Lava's runtime, whose start-up watches its children instead of waiting for them."""

    exception_q: list[Any]

    def __init__(
        self,
        executable: Any,
        watch: Callable[[Callable[[], bool], float], None],
        together: Together | None,
    ) -> None:
        super().__init__(executable, ActorType.MultiProcessing)
        self._watch, self._together = watch, together

    def _build_message_infrastructure(self) -> None:
        """Lava's own, or that of one child."""
        super()._build_message_infrastructure() if self._together is None else self._take_together()

    def _take_together(self) -> None:
        assert self._together is not None
        self._messaging_infrastructure = self._together
        self._together.start()

    def _start_ports(self) -> None:
        """Start the ports, then wait until each child has built its model.

        Lava itself would wait next, without end, and print what failed.
        """
        queues, self.exception_q = self.exception_q, []
        if self._together is not None:
            queues = [self._together.launch()]
        super()._start_ports()
        limit = STARTUP_SECONDS + SECONDS_PER_CHILD * len(queues)
        self._watch(lambda: not any(queue.empty() for queue in queues), limit)
        if any(queue.get() is not None for queue in queues):
            self._watch(lambda: False, limit)  # its child is about to send the traceback


class Session:
    """A compiled Lava network with its children; a context manager.

    process       : any Process of the network
    configuration : Lava's run configuration, which selects the models
    timeout       : seconds for each call; None scales it to the work
    together      : all Processes as threads of one child (`runner.together`), not each in a child
                    of its own: a start and a step of many Processes take a fraction of the time

    Use it from one thread: children end with the thread that started them. `LavaRunError` is
    raised by every method whose work fails or takes too long, and closes the session.
    """

    def __init__(
        self,
        process: Any,
        configuration: Any,
        timeout: float | None = None,
        together: bool = False,
    ) -> None:
        self._process, self._configuration, self._together = process, configuration, together
        self._timeout = timeout if timeout is not None else timeout_from_environment()
        self._runtime: _WatchedRuntime | None = None
        self._names: list[str] = []
        self._idle = False

    def __enter__(self) -> Session:
        """Compile the network and start its children."""
        check_internals()
        atexit.register(self.close)
        with self._closing_on_failure("start"):
            self._start()
        return self

    def __exit__(self, *_: object) -> None:
        """Close the session."""
        self.close()

    def run(self, steps: int, extra_seconds: float = 0.0) -> None:
        """Run so many steps; `extra_seconds` adds to the default time limit."""
        runtime = self._open()
        limit = STARTUP_SECONDS + SECONDS_PER_CHILD_AND_STEP * steps * len(self._names)
        with self._closing_on_failure("run"):
            runtime.start(RunSteps(steps, blocking=False))
            ports = runtime.service_to_runtime
            self._watch(lambda: all(port.probe() for port in ports), limit + extra_seconds, ports)
            answers = [port.recv() for port in ports]
            if not all(enum_equal(answer, MGMT_RESPONSE.DONE) for answer in answers):
                self._watch_for(lambda: False, 2 * GRACE_SECONDS)  # for its traceback
            runtime._is_running = False

    def get(self, var: Var) -> NDArray[np.float64]:
        """Value of a Var after a run, float64[*shape]; about 15 us a value."""
        self._open()
        found: NDArray[np.float64] = self._aside(f"reading of Var {var.name}", var, var.get)
        return found

    def set(self, var: Var, value: NDArray[Any]) -> None:
        """Set a Var between two runs, from [*shape]; about 15 us a value."""
        self._open()
        self._aside(f"setting of Var {var.name}", var, lambda: var.set(value))

    def _aside(self, what: str, var: Var, action: Callable[[], Any]) -> Any:
        """What Lava gives for a Var; it waits without end for a dead child, so beside the watch."""
        found: list[Any] = []
        failed: list[Exception] = []

        def attempt() -> None:
            try:
                found.append(action())
            except Exception as error:
                failed.append(error)

        worker = threading.Thread(target=attempt, daemon=True)
        limit = STARTUP_SECONDS + SECONDS_PER_VALUE * math.prod(var.shape)
        with self._closing_on_failure(what):
            worker.start()
            self._watch(lambda: not worker.is_alive(), limit)
            if failed:
                raise failed[0]
        return found[0]

    def close(self) -> None:
        """End the children and release shared memory; harmless when done before."""
        atexit.unregister(self.close)
        runtime, self._runtime = self._runtime, None
        if runtime is not None:
            release(runtime, self._idle)

    def _start(self) -> None:
        with _starting, fork_method(), bound_children():
            level = self._process._log_config.level
            executable = Compiler(None, level).compile(self._process, self._configuration)
            names = [
                f"{process.name} ({type(process).__name__})" for process in executable.proc_builders
            ]
            self._names = names + ["runtime service"] * len(executable.runtime_service_builders)
            together = Together(self._names) if self._together else None
            self._runtime = _WatchedRuntime(executable, self._watch, together)
            executable.assign_runtime_to_all_processes(self._runtime)
            self._process.runtime = self._runtime
            self._runtime.initialize()

    def _open(self) -> _WatchedRuntime:
        if self._runtime is None:
            raise LavaRunError("lava: the session is closed; open another one")
        return self._runtime

    def _watch(self, done: Callable[[], bool], limit: float, ports: Iterable[Any] = ()) -> None:
        self._watch_for(done, limit if self._timeout is None else self._timeout, ports)

    def _watch_for(self, done: Callable[[], bool], limit: float, ports: Iterable[Any] = ()) -> None:
        """Wait until done; raise if a child fails or the time is up.

        What arrives at one of the ports ends the pause between two looks.
        """
        assert self._runtime is not None
        arrived = threading.Event()
        for port in ports:
            port.observer = arrived.set
        actors = self._runtime._messaging_infrastructure.actors
        began = quiet = time.monotonic()
        while not done():
            now = time.monotonic()
            if all(actor._is_done or actor.is_alive() for actor in actors):
                quiet = now
            names = ["all Processes"] if self._together else self._names
            failure = first_failure(actors, names, early=now - quiet > GRACE_SECONDS)
            if failure:
                raise LavaRunError(failure)
            if now - began > limit:
                raise LavaRunError(
                    f"no answer within {limit:g} s; allow more with {TIMEOUT_VARIABLE} (seconds)"
                )
            arrived.wait(LOOK_SECONDS if ports else POLL_SECONDS)
            arrived.clear()

    @contextmanager
    def _closing_on_failure(self, what: str) -> Iterator[None]:
        """Close on any exception, Ctrl-C included; errors become `LavaRunError`."""
        self._idle = False
        try:
            yield
            self._idle = True
        except BaseException as error:
            self.close()
            if isinstance(error, LavaRunError):
                raise LavaRunError(f"lava {what}: {error}") from None
            if isinstance(error, Exception):
                text = f"lava {what}: {type(error).__name__}: {error}"
                raise LavaRunError(text) from error
            raise
