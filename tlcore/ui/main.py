"""The entry script that `app.py` opens: which pages there are, and which one is asked for."""

import streamlit as st

from tlcore.paths import PACKAGE, PROJECT

PAGES = PROJECT / "pages"

st.logo(PACKAGE / "ui" / "mark.svg", size="large")
st.navigation(
    [
        st.Page(PAGES / "start.py", title="Start", url_path="start", default=True),
        st.Page(PAGES / "lesson.py", title="Lessons", url_path="lesson"),
        st.Page(PAGES / "class.py", title="Class", url_path="class"),
        st.Page(PAGES / "data.py", title="Data", url_path="data"),
        st.Page(PAGES / "train.py", title="Train", url_path="train"),
        st.Page(PAGES / "runs.py", title="Runs", url_path="runs"),
        st.Page(PAGES / "results.py", title="Results", url_path="results"),
        st.Page(PAGES / "compare.py", title="Compare", url_path="compare"),
        st.Page(PAGES / "try_it.py", title="Try it", url_path="try_it"),
        st.Page(PAGES / "bias.py", title="Bias & ethics", url_path="bias"),
    ],
    position="top",
).run()
