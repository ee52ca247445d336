"""What is kept of every run: one folder each, and nothing else knows its layout."""
