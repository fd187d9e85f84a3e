from .families import FAMILIES as FAMILIES
from .family import Family as Family
from .washi import WASHI as WASHI
