"""The torch room: everything that needs torch, and nothing that doesn't."""

import os

# torch's threads wait for each other by spinning, which keeps those they wait for from running
# wherever there are fewer free cores than threads: ten times slower, measured (docs/LOG.md).
# It has to be said before torch is loaded, and so here.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
