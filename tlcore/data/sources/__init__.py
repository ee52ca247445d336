"""Where pictures come from: files of one's own, and data sets of the hub."""
