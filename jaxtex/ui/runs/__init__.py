"""Runs as folders, what is served of them, and what pages are told of them."""
