"""Bias & ethics: Whom does a network fail, and what follows from that?"""

from tlcore.ui.page import page_setup

with page_setup("Bias & ethics", "Whom does a network fail, and what follows from that?"):
    pass
