"""The torch room: everything that needs torch, and nothing that doesn't.

What torch's threads and its memory need is said here, because it has to be said before torch is
loaded. The figures are in docs/LOG.md.
"""

import ctypes
import os
from contextlib import suppress

# Threads wait for each other by spinning for a long time, which keeps those they wait for from
# running wherever there are fewer free cores than threads: ten times slower. If they fall asleep
# at once, waking costs a third on idle cores. So they spin for some microseconds. The first is for
# any library of threads, the second for the one that torch has on Linux.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "5000")

# By itself, glibc gives the memory of each large tensor back to the system, only to ask for it
# again a moment later: a sixth of a training step. Other C libraries have no such dial.
_GIVE_BACK_ABOVE, _ASK_APART_ABOVE = -1, -3
with suppress(AttributeError, OSError, TypeError):
    _library = ctypes.CDLL(None)
    _library.mallopt(_GIVE_BACK_ABOVE, 2**30)
    _library.mallopt(_ASK_APART_ABOVE, 2**29)
