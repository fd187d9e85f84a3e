"""VGG16 conv features of images, frozen (Simonyan and Zisserman 2014): layers, network, forms."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
