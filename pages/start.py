"""Start: what is transfer learning?"""

from tlcore.ui.demo import show_demo
from tlcore.ui.page import page_setup

with page_setup("Start", "What is transfer learning?"):
    show_demo()
