from .server import serve as serve
from .settings import ServerSettings as ServerSettings
from .settings import default_folder as default_folder
