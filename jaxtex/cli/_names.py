"""Files' names in errors about arrays."""

from jaxtex.errors import named

__all__ = ["named"]
