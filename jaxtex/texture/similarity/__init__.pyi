from . import cluster as cluster
from . import ssim as ssim
