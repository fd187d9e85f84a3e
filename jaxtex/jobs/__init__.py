"""Batches of jobs: manifests, the identity of a job, and engines that run what is missing."""
