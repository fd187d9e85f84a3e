from .artefacts import Artefacts as Artefacts
from .artefacts import Background as Background
from .lettering import Lettering as Lettering
from .lettering import Readability as Readability
from .metric import Metric as Metric
from .score import Reference as Reference
from .score import Score as Score
from .style import BLOCKS as BLOCKS
