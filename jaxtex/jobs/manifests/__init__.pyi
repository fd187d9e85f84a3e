from .columns import COLUMNS as COLUMNS
from .manifest import BadRow as BadRow
from .manifest import Manifest as Manifest
from .manifest import Row as Row
from .manifest import of_rows as of_rows
from .manifest import parse_settings as parse_settings
from .manifest import product as product
from .manifest import read_manifest as read_manifest
