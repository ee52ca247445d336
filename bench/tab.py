"""A visitor's tab without a browser: pages over their socket, buttons pressed, files handed in.

It says what a browser would say: which page, which address, what stands in every widget.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlencode

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Common_pb2 import FileURLs
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.web.server.starlette.starlette_app_utils import generate_xsrf_token_string
from websockets import Subprotocol
from websockets.asyncio.client import ClientConnection, connect

TOKEN = generate_xsrf_token_string()
"""Of a page, which a browser would be given."""

_WIDGETS = ("button", "file_uploader", "button_group", "text_input", "text_area", "radio")


@dataclass
class Tab:
    """One page of one visitor.

    Attributes:
        socket: Its connection.
        url: Of the lab.
        key: The visitor's.
        session: What the server calls it.
        query: What stands in the address.
        widgets: What is on the page: each by its key, or by what stands on it.
        words: What the page says, a piece after the other.
    """

    socket: ClientConnection
    url: str
    key: str
    session: str = ""
    query: str = ""
    widgets: dict[str, str] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)
    _page: str = ""
    _states: dict[str, WidgetState] = field(default_factory=dict)

    async def show(self, page: str, **address: str) -> float:
        """Go to a page; seconds until all of it has come."""
        self._page, self.query = page, urlencode(address)
        self._states.clear()
        return await self._rerun()

    async def press(self, button: str) -> bool:
        """Press a button, by its key or by what stands on it; False if there is none."""
        if button not in self.widgets:
            return False
        await self._rerun(WidgetState(id=self.widgets[button], trigger_value=True))
        return True

    async def choose(self, group: str, option: str) -> bool:
        """Choose one of several; False if there is nothing to choose."""
        if group not in self.widgets:
            return False
        state = WidgetState(id=self.widgets[group])
        state.string_array_value.data.append(option)
        await self._set(state)
        return True

    async def write(self, box: str, text: str) -> bool:
        """Write into a box for text; False if there is none. Within a form it counts once a button
        of the form is pressed."""
        if box not in self.widgets:
            return False
        self._states[box] = WidgetState(id=self.widgets[box], string_value=text)
        return True

    async def pick(self, radio: str, place: int) -> bool:
        """Pick one of several by its place; False if there is nothing to pick."""
        if radio not in self.widgets:
            return False
        self._states[radio] = WidgetState(id=self.widgets[radio], int_value=place)
        return True

    async def look(self) -> float:
        """Have the page drawn again; seconds until all of it has come."""
        return await self._rerun()

    async def place_for(self, name: str) -> FileURLs:
        """Where a file is to be put that is handed in."""
        wanted = BackMsg()
        wanted.file_urls_request.request_id = name
        wanted.file_urls_request.file_names.append(name)
        wanted.file_urls_request.session_id = self.session
        await self.socket.send(wanted.SerializeToString())
        while True:
            message = await self._heard()
            if message.WhichOneof("type") == "file_urls_response":
                found: FileURLs = message.file_urls_response.file_urls[0]
                return found

    async def hold(self, box: str, name: str, size: int, place: FileURLs) -> bool:
        """Have a file that was put there lie in a box; False if there is no such box."""
        if box not in self.widgets:
            return False
        state = WidgetState(id=self.widgets[box])
        info = state.file_uploader_state_value.uploaded_file_info.add()
        info.name, info.size, info.file_id = name, size, place.file_id
        info.file_urls.CopyFrom(place)
        await self._set(state)
        return True

    async def _set(self, state: WidgetState) -> None:
        self._states[state.id] = state
        await self._rerun()

    async def _rerun(self, *pressed: WidgetState) -> float:
        """Say what stands in the widgets, and wait until the page has been drawn to its end."""
        wanted = BackMsg()
        wanted.rerun_script.query_string, wanted.rerun_script.page_name = self.query, self._page
        wanted.rerun_script.widget_states.widgets.extend((*self._states.values(), *pressed))
        began = time.monotonic()
        await self.socket.send(wanted.SerializeToString())
        while True:
            message = await self._heard()
            kind = message.WhichOneof("type")
            if (
                kind == "script_finished"
                and message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY
            ):
                return time.monotonic() - began

    async def _heard(self) -> ForwardMsg:
        message = ForwardMsg()
        content = await self.socket.recv()
        message.ParseFromString(content if isinstance(content, bytes) else content.encode())
        match message.WhichOneof("type"):
            case "new_session":
                self.session = message.new_session.initialize.session_id or self.session
                self.widgets.clear()
                self.words.clear()
            case "page_info_changed":
                self.query = message.page_info_changed.query_string
            case "navigation":
                pages = {each.page_script_hash: each.url_pathname
                         for each in message.navigation.app_pages}  # fmt: skip
                self._page = pages.get(message.navigation.page_script_hash, self._page)
            case "delta" if message.delta.WhichOneof("type") == "new_element":
                self._note(message.delta.new_element)
        return message

    def _note(self, element: Element) -> None:
        kind = element.WhichOneof("type")
        if kind in _WIDGETS:
            widget = getattr(element, kind)
            key = widget.id.removeprefix("$$ID-").partition("-")[2]
            if not getattr(widget, "disabled", False):
                self.widgets[key if key not in ("", "None") else widget.label] = widget.id
                self.widgets.setdefault(widget.label, widget.id)
        elif kind in ("markdown", "alert"):
            self.words.append(getattr(element, kind).body)


@asynccontextmanager
async def opened(url: str, key: str) -> AsyncIterator[Tab]:
    """A tab of whoever has this key."""
    async with connect(
        f"ws{url.removeprefix('http')}/_stcore/stream",
        subprotocols=[Subprotocol("streamlit")],
        max_size=None,
        additional_headers={"Cookie": f"thaw={key}; _streamlit_xsrf={TOKEN}", "Origin": url},
    ) as socket:
        yield Tab(socket, url, key)
