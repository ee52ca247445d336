"""The rows of the table of faults, one file for each family of them."""
