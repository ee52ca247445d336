"""The front door: `streamlit run app.py` (or `make run`).

An `st.App` whose entry script lies in `tlcore/ui`: with the script here, the `pages/` folder
beside it would let the first deep link to a fresh server bypass the lab's own navigation.
"""

import streamlit as st

from tlcore.paths import PACKAGE
from tlcore.ui.shared import crowd
from tlcore.ui.shared.door import refuse_open_address
from tlcore.ui.shared.server import ROUTES, opening
from tlcore.ui.shared.session import MIDDLEWARE

refuse_open_address()
app = st.App(
    PACKAGE / "ui" / "main.py",
    routes=ROUTES,
    middleware=(*MIDDLEWARE, *crowd.MIDDLEWARE),
    lifespan=opening,
)
