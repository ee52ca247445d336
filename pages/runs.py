"""Runs: How far are the runs?"""

from tlcore.ui.page import page_setup

with page_setup("Runs", "How far are the runs?"):
    pass
