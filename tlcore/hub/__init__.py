"""The Hugging Face hub: what can be had from it, asking it, and fetching in the background.

Nothing here sends a request unless somebody has pressed a button or typed a command.
"""
