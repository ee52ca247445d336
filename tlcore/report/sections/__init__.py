"""The parts of a report, in their order: each takes the runs and gives a `Section`, or None."""
