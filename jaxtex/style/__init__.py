"""Style transfer: Network of Steel, its baselines and the house preset."""
