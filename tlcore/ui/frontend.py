"""The lab's own widgets: a script and a style beside the Python file that speaks for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

_HERE = Path(__file__).parent


def widget(name: str) -> Any:
    """The widget whose script is `NAME.js`, with `NAME.css` where there is one.

    Call it once, where the module is imported. What comes back mounts the widget.
    """
    style = _HERE / f"{name}.css"
    return st.components.v2.component(
        f"thaw_{name}",
        html="<div></div>\n",
        css=style.read_text(encoding="utf-8") if style.exists() else None,
        js=(_HERE / f"{name}.js").read_text(encoding="utf-8"),
    )
