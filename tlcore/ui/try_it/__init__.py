"""The page `Try it`: a picture, what trained networks say of it, and why."""
