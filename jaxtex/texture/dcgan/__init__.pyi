from . import invert as invert
from . import model as model
from .model import TextureModel as TextureModel
from .model import load_model as load_model
