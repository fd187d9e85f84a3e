from .glyphs import Box as Box
from .glyphs import Glyph as Glyph
from .glyphs import Glyphs as Glyphs
from .glyphs import find_glyphs as find_glyphs
