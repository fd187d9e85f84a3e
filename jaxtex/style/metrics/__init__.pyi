from .artefacts import Artefacts as Artefacts
from .artefacts import Background as Background
from .lettering import Lettering as Lettering
from .lettering import Readability as Readability
from .score import BLOCKS as BLOCKS
from .score import Reference as Reference
from .score import Score as Score
