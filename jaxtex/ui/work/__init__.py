"""What the worker process does, task by task: pictures looked at, previews, runs, scores."""
