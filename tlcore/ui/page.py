"""What every page begins with."""

import streamlit as st


def page_setup(title: str) -> None:
    """Name the browser's tab and set the width; each page calls it first."""
    st.set_page_config(page_title=f"{title} · Thaw", page_icon="🧊", layout="centered")
