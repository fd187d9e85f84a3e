from .apply import ApplyRequest as ApplyRequest
from .train import TrainRequest as TrainRequest
