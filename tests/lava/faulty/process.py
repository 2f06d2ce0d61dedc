"""Process `Faulty`: passes its input on until it fails at step 5."""

from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var


class Faulty(AbstractProcess):
    """`mode`: none, build, killed_building, before (sending), after, killed, ended or endless."""

    def __init__(self, *, mode: str) -> None:
        super().__init__(mode=mode, name="faulty")
        self.s_in = InPort(shape=(2,))
        self.s_out = OutPort(shape=(2,))
        self.pid = Var(shape=(1,), init=0)
