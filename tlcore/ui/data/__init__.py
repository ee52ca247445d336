"""The Data page: what is chosen, handed in or drawn, and what it looks like."""
