"""The page on which a content is given a style."""
