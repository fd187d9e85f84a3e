"""The server of `jaxtex ui`, from its start to its end."""

import os
import socket
import threading
import webbrowser
from collections.abc import Callable

from jaxtex.errors import OutputError, SettingsError
from jaxtex.ui import text
from jaxtex.ui.settings import ServerSettings


def serve(settings: ServerSettings, say: Callable[[str], None]) -> None:
    """Serves until it is interrupted; `say` gets the link.

    Raises:
      OutputError: the folder cannot be used.
      SettingsError: the port is taken, or NiceGUI is missing.
    """
    folder = settings.folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be made ({error.strerror})") from None
    # NiceGUI makes the folder that this names, for a storage that is not used.
    os.environ.setdefault("NICEGUI_STORAGE_PATH", str(folder / ".nicegui"))
    try:
        import nicegui  # noqa: F401
    except ImportError:
        raise SettingsError(text.NEEDS_NICEGUI) from None
    from jaxtex.ui.runs.run import lock
    from jaxtex.ui.security import new_token

    listening = _listen(settings.host, settings.port)
    held = lock(folder)
    token = new_token() if settings.token == "new" else settings.token
    host, port = listening.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    link = f"http://{shown}:{port}/" + (f"?token={token}" if token else "")
    say(text.OPEN.format(link=link))
    say(text.KEPT.format(folder=folder))

    import uvicorn

    from jaxtex.ui.app import make_app

    app = make_app(settings, token)
    config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=2)
    if settings.browser:
        # Connections are accepted from now on, and answered when the server is up.
        threading.Thread(target=webbrowser.open, args=(link,), daemon=True).start()
    try:
        uvicorn.Server(config).run(sockets=[listening])
    finally:
        held.close()


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.socket(family)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(128)
    except OSError as error:
        raise SettingsError(text.PORT_TAKEN.format(port=port, reason=error.strerror)) from None
    return listening
