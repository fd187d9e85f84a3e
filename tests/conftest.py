"""Shape annotations are checked by beartype while the tests run."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from jaxtyping import install_import_hook

install_import_hook("jaxtex", "beartype.beartype")
