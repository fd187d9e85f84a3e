from .cluster import RayEngine as RayEngine
from .local import LocalEngine as LocalEngine
from .local import State as State
