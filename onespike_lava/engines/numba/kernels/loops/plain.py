"""How the loops are compiled."""

from __future__ import annotations

import numpy as np
from numba import njit

u = np.uint64
"""Indices are unsigned, which spares the loops the check for negative ones."""

plain = njit(nogil=True, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)
"""For functions that only compiled code calls: what Python would call them by is left out."""
