"""Search a texture space: DCGAN, the sphere, similarity, directions, interpolation (Satoh)."""
