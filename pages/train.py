"""Train: What stays frozen, and when does it thaw?"""

from tlcore.ui.page import page_setup

with page_setup("Train", "What stays frozen, and when does it thaw?"):
    pass
