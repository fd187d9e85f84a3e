"""What `jaxtex ui` is told: where it listens, whom it lets in, where it keeps things."""

from dataclasses import dataclass
from pathlib import Path

from jaxtex.errors import SettingsError
from jaxtex.ui import text
from jaxtex.ui.security import LOOPBACK

_LEAST_TOKEN = 16


@dataclass(frozen=True, kw_only=True)
class ServerSettings:
    """What `jaxtex ui` is told.

    Raises:
      SettingsError: a host that others reach without a token, or a short one.
    """

    folder: Path
    host: str = "127.0.0.1"
    port: int = 8321
    """0: one that is free."""
    token: str | None = None
    """What the link carries; `new`: one is made up."""
    demo: bool = False
    """Whether the gallery gets the shipped examples."""
    browser: bool = True
    """Whether a browser is opened."""
    device: str | None = None

    def __post_init__(self) -> None:
        if self.token is None and self.host not in LOOPBACK:
            raise SettingsError(text.HOST_NEEDS_TOKEN.format(host=self.host))
        if self.token not in (None, "new") and len(str(self.token)) < _LEAST_TOKEN:
            raise SettingsError(text.TOKEN_SHORT.format(count=len(str(self.token))))


def default_folder() -> Path:
    """The folder of runs in the user's data directory.

    Raises:
      SettingsError: the extra `ui` is not installed.
    """
    try:
        import platformdirs
    except ImportError:
        raise SettingsError(text.NEEDS_NICEGUI) from None
    return platformdirs.user_data_path("jaxtex") / "ui"
