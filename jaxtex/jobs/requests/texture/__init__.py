"""What the commands of `jaxtex texture` are asked for."""
