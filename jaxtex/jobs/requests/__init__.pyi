from .inputs import Files as Files
from .inputs import Inputs as Inputs
from .inputs import load_inputs as load_inputs
