"""The two colours that mean something everywhere, and can be told apart by everybody."""

ICE = "#2B8CBE"
"""Frozen."""
EMBER = "#E6550D"
"""Thawed."""
