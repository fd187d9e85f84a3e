from .folder import Finished as Finished
from .folder import ResultFolder as ResultFolder
from .summary import write_summary as write_summary
