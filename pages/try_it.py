"""Try it: What does a network say of this picture?"""

from tlcore.ui.page import page_setup

with page_setup("Try it", "What does a network say of this picture?"):
    pass
