"""What every front calls: requests checked, run and written; batches of them, whole or resumed."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
