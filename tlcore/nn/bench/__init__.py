"""The lab itself and the loop of the usual tutorial, each in a process of its own."""
