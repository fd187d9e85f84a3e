from .model import StyleModel as StyleModel
from .model import check_image as check_image
from .model import image_bytes as image_bytes
from .model import load_model as load_model
from .model import save_model as save_model
from .model import stylise as stylise
from .network import MSGNet as MSGNet
