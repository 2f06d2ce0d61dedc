"""Process `Faulty`: passes its input on until it fails at step 5."""

from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var


class Faulty(AbstractProcess):
    """`mode`: none, build, killed_building, before (sending), after, exit, wrong_shape, killed,
    ended, endless, or stubborn, which is deaf to a request to stop. `note`: a file to write as it
    stops.
    """

    def __init__(self, *, mode: str, note: str | None = None) -> None:
        super().__init__(mode=mode, note=note, name="faulty")
        self.s_in = InPort(shape=(2,))
        self.s_out = OutPort(shape=(2,))
        self.pid = Var(shape=(1,), init=0)
