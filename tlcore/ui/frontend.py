"""The lab's own widgets: a script and a style beside the Python file that speaks for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

_HERE = Path(__file__).parent


def widget(name: str, *parts: str) -> Any:
    """The widget whose script is `NAME.js`, with `NAME.css` where there is one.

    Call it once, where the module is imported. What comes back mounts the widget: its script finds
    its own place as `.widget`, because the first `div` holds the style as well.

    Args:
        name: Of its files, such as `gallery` or `train/strip`.
        parts: Names of further scripts that its own is put behind; they export nothing.
    """
    style = _HERE / f"{name}.css"
    scripts = [(_HERE / f"{part}.js").read_text(encoding="utf-8") for part in (*parts, name)]
    return st.components.v2.component(
        f"thaw_{name.replace('/', '_')}",
        html='<div class="widget"></div>\n',
        css=style.read_text(encoding="utf-8") if style.exists() else None,
        js="\n".join(scripts),
    )
