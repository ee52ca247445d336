"""The lab itself in a race, in a process of its own."""
