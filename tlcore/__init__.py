"""Thaw, a transfer-learning lab: the plain room, which needs neither torch nor Streamlit.

A `Recipe` goes in, a stream of `Event`s comes out. Where things live:

- `tlcore` (here): recipes, schedules, catalogue, data sets, analysis, the command line
- `tlcore.nn`: everything that needs torch
- `tlcore.ui`: everything that needs Streamlit
"""

__version__ = "0.1.0"
