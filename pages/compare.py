"""Compare: Which run is better, and why?"""

from tlcore.ui.page import page_setup

with page_setup("Compare", "Which run is better, and why?"):
    pass
