"""The torch room: everything that needs torch, and nothing that doesn't."""
