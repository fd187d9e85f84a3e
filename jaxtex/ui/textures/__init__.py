"""The page on which a space of textures is searched."""
