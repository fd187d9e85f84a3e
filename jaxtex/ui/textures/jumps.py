"""Where the page is narrow, its parts lie one under the other: links that stay lead to each."""

from jaxtex.ui import text_textures as text
from jaxtex.ui.house import House
from jaxtex.ui.parts import Tag, link
from jaxtex.ui.textures import pieces, strips, tray


class Jumps:
    """The links of a page: to its `first` part, the tray, and what is made of that."""

    def __init__(self, house: House, first: str) -> None:
        self.house = house
        with Tag("nav", "", "jumps small", aria_label=text.PARTS):
            link(first, "#first")
            self.tray = link(text.TRAY, "#tray")
            self.strips = link(text.STRIPS, "#strips")
            self.pieces = link(text.PIECES, "#pieces")
        self.look()
        house.board.watch(self.look, tray.TOPIC, strips.TOPIC, pieces.TOPIC)

    def look(self) -> None:
        """Says how much there is."""
        searches = self.house.searches
        for made, words, count in (
            (self.tray, text.TRAY, len(searches.kept())),
            (self.strips, text.STRIPS, len(searches.all_strips())),
            (self.pieces, text.PIECES, len(searches.all_pieces())),
        ):
            made.text = text.PART_HAS.format(part=words, count=count) if count else words
            if made is not self.tray:
                made.set(hidden=not count)
