"""Races: the lab and others at the same work, on this machine, in turn."""
