"""Model of `Faulty`."""

import os
import signal
import time
from pathlib import Path

import numpy as np
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort, PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol

from tests.lava.faulty.process import Faulty


@implements(proc=Faulty, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyFaultyModel(PyLoihiProcessModel):
    s_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32)
    pid: np.ndarray = LavaPyType(np.ndarray, np.int64)

    def __init__(self, proc_params):
        super().__init__(proc_params)
        self.mode = proc_params["mode"]
        if self.mode == "build":
            raise ValueError("fails while building")
        if self.mode == "killed_building":
            os.kill(os.getpid(), signal.SIGKILL)

    def run_spk(self):
        self.pid[:] = os.getpid()
        received = self.s_in.recv()
        due = self.time_step == 5
        if due and self.mode == "before":
            raise ValueError("fails before sending")
        if due and self.mode == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if due and self.mode == "exit":
            raise SystemExit("asks for the end")
        if due and self.mode == "ended":
            os._exit(0)
        if due and self.mode == "endless":
            time.sleep(600)
        self.s_out.send(received if self.mode != "wrong_shape" else received[:1])
        if due and self.mode == "after":
            raise ValueError("fails after sending")

    def _stop(self):
        if self.mode == "stubborn":
            time.sleep(600)
        if self.proc_params["note"]:
            Path(self.proc_params["note"]).write_text("stopped")
        super()._stop()
