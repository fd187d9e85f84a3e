from . import places as places
from . import sphere_options as sphere_options
from .cluster import ClusterRequest as ClusterRequest
from .interpolate import InterpolateRequest as InterpolateRequest
from .render import RenderRequest as RenderRequest
from .sample import SampleRequest as SampleRequest
from .similarity import SimilarityRequest as SimilarityRequest
from .train import TrainRequest as TrainRequest
