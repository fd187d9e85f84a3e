"""VGG16 and a source without any symmetry."""

import pytest
from extend_sources import woven

from jaxtex.style import load_network


@pytest.fixture(scope="session")
def network():
    return load_network()


@pytest.fixture
def source():
    return woven(24, 20)
