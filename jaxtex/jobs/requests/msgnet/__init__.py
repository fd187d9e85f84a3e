"""What the commands of `jaxtex msgnet` are asked for."""
