"""Data: What will the network learn from?"""

from tlcore.ui.page import page_setup

with page_setup("Data", "What will the network learn from?"):
    pass
