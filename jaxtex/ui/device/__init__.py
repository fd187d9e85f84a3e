"""The device: its worker process, the queue before it, and the turns that it takes."""
