"""All Processes of a Lava network in one child: threads in place of operating-system processes.

Lava gives each Process an operating-system process, whose messages go through shared memory,
semaphores and two further threads a channel; a step of a network of eighty Processes is spent on
switching between them. `Together` is Lava's own interface for that, a message infrastructure: it
builds the same models and runs their own loops, each in a thread of one child, and hands arrays
over in queues. What is computed and in which order is Lava's and the models' as before; only
NumPy's products of different Processes still run at a time.

The runtime of the host speaks with its service in the child over Lava's own channels.
"""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

import numpy as np
from lava.magma.compiler.channels.interfaces import Channel, ChannelType
from lava.magma.compiler.channels.pypychannel import CspRecvPort, CspSendPort, PyPyChannel
from lava.magma.runtime.message_infrastructure.multiprocessing import (
    MultiProcessing,
    SystemProcess,
)
from lava.utils.sparse import find
from scipy.sparse import csr_matrix  # type: ignore[import-untyped]

HOST_CHANNELS = ("runtime_to_service", "service_to_runtime")
"""In the names of channels that leave the child."""

LAVA_INT32 = 4
"""Lava's number for int32 where it describes a port to its C++ side."""

ROOM_SECONDS = 0.05
"""Longest pause between two looks at a full channel; what takes a message ends the pause."""

Part = tuple[Callable[..., Any], Any]
"""What builds and runs a Process or a runtime service, and its builder."""


class _Line:
    """What the two ends of a channel share."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.messages: SimpleQueue[Any] = SimpleQueue()
        self.room = threading.Event()
        self.receiver: Any = None


class _End:
    """What Lava asks of either end: a name, a shape, a type; nothing to start."""

    def __init__(self, name: str, line: _Line, shape: Any, dtype: Any) -> None:
        self._name, self._line, self._shape, self._size = name, line, shape, line.size
        self._dtype = np.int32 if dtype == LAVA_INT32 else dtype
        self._done, self.thread, self.observer = False, None, None
        self._array: list[Any] = []

    def start(self) -> None:
        """Nothing: no thread, no shared memory."""

    def join(self) -> None:
        """Nothing is open."""
        self._done = True


class _Sender(_End, CspSendPort):  # type: ignore[misc]
    def probe(self) -> bool:
        """Whether `send` would not wait."""
        return bool(self._line.messages.qsize() < self._size)

    def send(self, data: Any) -> None:
        """Hand a copy over, in the type of the channel; wait while it is full."""
        if data.shape != self._shape:
            raise AssertionError(f"{data.shape=} {self._shape=} Mismatch")
        if isinstance(data, csr_matrix):
            data = find(data, explicit_zeros=True)[2]
        line = self._line
        while line.messages.qsize() >= self._size:
            line.room.clear()
            if line.messages.qsize() >= self._size:
                line.room.wait(ROOM_SECONDS)
        line.messages.put(np.array(data, self._dtype))
        told = line.receiver.observer
        if told is not None:
            told()


class _Receiver(_End, CspRecvPort):  # type: ignore[misc]
    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._first: list[Any] = []  # looked at, but not taken

    def probe(self) -> bool:
        """Whether `recv` would not wait."""
        return bool(self._first) or not self._line.messages.empty()

    def peek(self) -> Any:
        """The next message, which stays; waits for one."""
        if not self._first:
            self._first.append(self._line.messages.get())
        return self._first[0].copy()

    def recv(self) -> Any:
        """The next message; waits for one."""
        found = self._first.pop() if self._first else self._line.messages.get()
        if not self._line.room.is_set():
            self._line.room.set()
        return found


class _QueueChannel(Channel):  # type: ignore[misc]
    """A channel between threads of one process."""

    def __init__(self, source: str, target: str, shape: Any, dtype: Any, size: int) -> None:
        line = _Line(size)
        self._sender = _Sender(source, line, shape, dtype)
        self._receiver = line.receiver = _Receiver(target, line, shape, dtype)

    @property
    def src_port(self) -> CspSendPort:
        """The end that sends."""
        return self._sender

    @property
    def dst_port(self) -> CspRecvPort:
        """The end that receives."""
        return self._receiver


def channel(infrastructure: Any, source: str, target: str, *given: Any) -> Channel:
    """A channel of Lava's where it leaves the child, else a queue.

    given : shape, type and size; then Lava's watchdogs, which none of ours needs
    """
    if any(name in source for name in HOST_CHANNELS):
        return PyPyChannel(infrastructure, source, target, *given)
    return _QueueChannel(source, target, *given[:3])


class Together(MultiProcessing):  # type: ignore[misc]
    """A message infrastructure of one child; `launch` starts it when all parts are told."""

    def __init__(self, names: list[str]) -> None:
        super().__init__()
        self._names, self._ready = names, None
        self._parts: list[Part] = []

    def build_actor(self, target_fn: Callable[..., Any], builder: Any, exception_q: Any) -> None:
        """Note a part for `launch`."""
        self._parts.append((target_fn, builder))
        self._ready = exception_q

    def launch(self) -> Any:
        """Start the child; returns a queue that holds None when all models are built."""
        child = _Child(self._parts, self._names, self._ready)
        child.start()
        self._actors.append(child)
        return self._ready

    def channel_class(self, channel_type: ChannelType) -> Any:
        """What makes a channel of a type."""
        if channel_type == ChannelType.PyPy:
            return channel
        return super().channel_class(channel_type)


class _Child(SystemProcess):  # type: ignore[misc]
    """Runs the parts, each in a thread; tells the host of the first that fails."""

    def __init__(self, parts: list[Part], names: list[str], ready: Any) -> None:
        super().__init__()
        self._parts, self._names, self._ready = parts, names, ready

    def run(self) -> None:
        """Until all have ended, or one has failed."""
        ends: SimpleQueue[tuple[Exception, str] | None] = SimpleQueue()
        built: SimpleQueue[None] = SimpleQueue()
        for part, name in zip(self._parts, self._names, strict=True):
            given = (part, name, built, ends)
            threading.Thread(target=_run, args=given, name=name, daemon=True).start()
        waiting = threading.Thread(target=self._tell, args=(built,), daemon=True)
        waiting.start()
        for _ in self._parts:
            failed = ends.get()
            if failed is not None:
                self._cconn.send(failed)
                return
        self._cconn.send(None)

    def _tell(self, built: SimpleQueue[None]) -> None:
        for _ in self._parts:
            built.get()
        self._ready.put(None)


class _Started:
    """What Lava tells when a model is built: nothing wrong, or an error that it raises too."""

    def __init__(self, built: SimpleQueue[None]) -> None:
        self._built = built

    def put(self, error: Exception | None) -> None:
        """An error comes a second time, with its traceback."""
        if error is None:
            self._built.put(None)


def _run(part: Part, name: str, built: SimpleQueue[None], ends: SimpleQueue[Any]) -> None:
    target, builder = part
    try:
        target(builder=builder, exception_q=_Started(built))
    except BaseException as error:  # SystemExit, too: it ends a thread in silence
        text = f"{name}: {traceback.format_exc()}"
        ends.put((RuntimeError(str(error)), text))
    else:
        ends.put(None)
