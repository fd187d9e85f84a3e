from . import texture as texture
from .style.stylize import Result as Result
from .style.stylize import stylize as stylize
from .style.stylize import stylize_batch as stylize_batch
from .version import __version__ as __version__
