"""The browser front: both jobs of jaxtex on a page, with the plans and checks of the command line.

The server's process imports no JAX; a worker process owns the device.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
