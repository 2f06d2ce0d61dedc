"""File permissions that hold for root too (Linux)."""

import ctypes
import os

BEYOND_PERMISSIONS = (1, 2)
"""CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH of capabilities(7), with which root passes them by."""

DROP_FROM_BOUNDING_SET = 24
"""PR_CAPBSET_DROP of prctl(2): a program started later does not get it back."""

VERSION = 0x20080522
"""_LINUX_CAPABILITY_VERSION_3: two words each of what is effective, permitted, inheritable."""


def obey() -> None:
    """Make this process, and those it starts, stop at permissions; for good."""
    system = ctypes.CDLL(None, use_errno=True)
    header, sets = (ctypes.c_uint32 * 2)(VERSION, 0), (ctypes.c_uint32 * 6)()
    if os.geteuid() != 0:
        return
    for capability in BEYOND_PERMISSIONS:
        if system.prctl(DROP_FROM_BOUNDING_SET, capability, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl")
    if system.capget(header, sets) != 0:
        raise OSError(ctypes.get_errno(), "capget")
    for word in (0, 1, 2):
        sets[word] &= ~sum(1 << each for each in BEYOND_PERMISSIONS)
    if system.capset(header, sets) != 0:
        raise OSError(ctypes.get_errno(), "capset")
