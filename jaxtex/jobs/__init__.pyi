from . import engines as engines
from . import kinds as kinds
from . import manifests as manifests
from . import requests as requests
from . import results as results
from .caches import ImageCache as ImageCache
from .caches import Models as Models
