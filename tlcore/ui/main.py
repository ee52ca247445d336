"""The entry script that `app.py` opens: for now one page, which runs the carried demo."""

from tlcore.ui.demo import show_demo
from tlcore.ui.page import page_setup

page_setup("Start")
show_demo()
