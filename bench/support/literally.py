"""Whether a name that somebody typed is shown as it is, and asks for nothing, on every page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from playwright.sync_api import Page

from tests.browser.conftest import visit

PAGES = ("start", "data", "train", "runs", "results", "compare", "try_it", "bias")
BEACON = "http://127.0.0.1:9/beacon"
"""Nobody listens there: to be asked for is enough to be noticed."""

NAMES = (
    f'<img src="{BEACON}" onerror="window.struck=1"> **bold** ![a]({BEACON}) 🧊 '.ljust(300, "x"),
    f"<script src={BEACON}></script><svg onload=window.struck=1><style>*{{display:none}}</style>",
    f"[a]({BEACON}) ![b][c] <{BEACON}> www.example.invalid a@example.invalid `code` ~~gone~~",
    ":red[danger] :material/skull: :smile: :streamlit: $\\href{x}{y}$ # title - item > quote",
    "\u202egnihton si sihT\u202c \u2066ab\u2069 \u200bzero\u200b width",
    "{{7*7}} ${7*7} %s %d \\n \\u003cb\\u003e &lt;b&gt; &amp; ' \" ; -- ../../x",
)
"""Markup of every kind that a page of the lab reads somewhere."""

_LOOKS = 30
_SEEN = """() => {
  const read = (node) => {
    if (["STYLE", "SCRIPT", "NOSCRIPT"].includes(node.nodeName)) return "";
    if (node.nodeType === Node.TEXT_NODE) return node.data;
    const inner = [...(node.shadowRoot?.childNodes ?? []), ...node.childNodes].map(read).join("");
    return inner + (node.value ?? "");
  };
  return read(document.body);
}"""


def faults(page: Page, url: str, run: str, name: str, pages: Sequence[str] = PAGES) -> list[str]:
    """What is wrong on these pages about a run of this name, in words. Nothing, if all is well."""
    return [fault for which in pages for fault in _faults(page, url, which, run, name)]


def _faults(page: Page, url: str, which: str, run: str, name: str) -> Iterator[str]:
    asked: list[str] = []

    def note(request: object) -> None:
        asked.append(str(getattr(request, "url", "")))

    page.on("request", note)
    visit(page, f"{url}/{which}?run={run}")
    times = _shown(page, name, _LOOKS if which == "runs" else 2)
    page.remove_listener("request", note)
    if page.evaluate("window.struck"):
        yield f"{which}: a script in the name ran"
    yield from (f"{which}: it asked for {each}" for each in asked if not _is_ours(each, url))
    if which == "runs" and times < 2:  # in the list and above the run
        yield f"{which}: the name isn't shown as it is: {name!r}"


def _shown(page: Page, name: str, looks: int) -> int:
    """How often a page shows the name; its widgets draw after the page has been drawn."""
    count = 0
    while count < 2 and looks:
        page.wait_for_timeout(300)
        count = str(page.evaluate(_SEEN)).replace("\u2060", "").count(name)
        looks -= 1
    return count


def _is_ours(asked: str, url: str) -> bool:
    return asked.startswith((url, "data:", "blob:", f"ws{url.removeprefix('http')}"))
