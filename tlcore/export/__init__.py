"""A trained network to be taken elsewhere: what goes along with it, in words and files."""
