"""The families by name."""

from collections.abc import Mapping
from types import MappingProxyType

from jaxtex.texture.rendered.cloth import CLOTH
from jaxtex.texture.rendered.family import Family
from jaxtex.texture.rendered.marble import MARBLE
from jaxtex.texture.rendered.washi import WASHI
from jaxtex.texture.rendered.wood import WOOD

FAMILIES: Mapping[str, Family] = MappingProxyType(
    {family.name: family for family in (WASHI, CLOTH, WOOD, MARBLE)}
)
