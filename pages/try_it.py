"""Try it: What does a network say of this picture?"""

import streamlit as st

from tlcore.inference import process
from tlcore.ui.shared.choosing import choose_runs, tell_gone
from tlcore.ui.shared.page import page_setup, told
from tlcore.ui.shared.session import me, store
from tlcore.ui.try_it.answers import ask_all, show_answers
from tlcore.ui.try_it.asked import TESTED, Asked, anybody_to_ask, askable, show_nobody_to_ask
from tlcore.ui.try_it.picture import choose_picture, show_preview
from tlcore.ui.try_it.why import choose_other, show_inside, show_why

with page_setup("Try it", "What does a network say of this picture, and why?"):
    tell_gone(store(), me())
    if not anybody_to_ask(store(), me()):
        show_nobody_to_ask(store(), me())
        st.stop()
    with told():
        process.wake(store().home)  # while a picture is being chosen
    chosen = choose_runs(
        store(), me(), TESTED, label="Networks of these runs", at_first=1, fit=askable
    )
    if not chosen:
        st.info("Choose a run to ask. With two or more, they answer side by side.")
        st.stop()
    left, right = st.columns([1, 2], gap="large")
    with left:
        picture = choose_picture(chosen)
    with right:
        if picture is None:
            st.info("Choose a picture, and the answer appears here.", icon=":material/image:")
            st.stop()
        answers = ask_all(chosen, picture)
        show_answers(chosen, answers, picture.truth, choose=choose_other)
    asked = [answer for answer in answers if isinstance(answer, Asked)]
    if not asked:
        st.stop()
    with left:
        show_preview(picture, asked[0])
    show_inside(asked)
    show_why(asked)
