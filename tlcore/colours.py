"""The two colours that mean something everywhere, and can be told apart by everybody."""

ICE = "#2B8CBE"
"""Frozen."""
EMBER = "#E6550D"
"""Thawed."""

CLASS_COLOURS = (
    "#4477AA",
    "#EE6677",
    "#228833",
    "#CCBB44",
    "#66CCEE",
    "#AA3377",
    "#DD8452",
    "#44AA99",
    "#882255",
    "#999933",
)
"""Told apart by colour-blind people too, after Paul Tol's bright and muted schemes."""


def class_colour(label: int) -> str:
    """The colour of a class, on every page and in every report."""
    return CLASS_COLOURS[label % len(CLASS_COLOURS)]


RUN_COLOURS = ("#4477AA", "#AA3377", "#228833", "#B8860B", "#8866CC", "#2A9D8F")
"""Told apart by colour-blind people with the marks that go with them, and three times as bright or
as dark as the page, be that white or black. None of them is ice or ember."""


def run_colour(number: int) -> str:
    """The colour of the so-manieth run of those that are shown together."""
    return RUN_COLOURS[number % len(RUN_COLOURS)]
