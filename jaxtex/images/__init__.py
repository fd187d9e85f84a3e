"""Image files to float arrays and back: formats, alpha, EXIF rotation, colour profiles, sizes.

Drawings come in as pixels (`svg`), results go out as paths (`vector_output`), films (`animation`)
and pages (`pages`). Arrays are RGB in [0, 1], sRGB encoded. JAX is not imported here, so that a bad
input is refused before it loads.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
