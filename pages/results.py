"""Results: How good is a run, and where does it fail?"""

from tlcore.ui.page import page_setup

with page_setup("Results", "How good is a run, and where does it fail?"):
    pass
