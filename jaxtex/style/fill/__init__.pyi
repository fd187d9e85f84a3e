from .edges import roughen as roughen
from .guide import layer_ends as layer_ends
from .guide import layer_guides as layer_guides
from .letters import fill_letters as fill_letters
from .texture import LAYERS as LAYERS
from .texture import Fill as Fill
from .texture import make_fill as make_fill
