"""`jaxtex ui`."""

from pathlib import Path
from typing import Any

import click

from jaxtex.cli._options import FILE, device_option
from jaxtex.cli._terminal import say


@click.command(context_settings={"show_default": True})
@click.option("--host", default="127.0.0.1", help="Address to listen on; another needs --token.")
@click.option("--port", type=click.IntRange(0, 65535), default=8321, help="0: one that is free.")
@click.option(
    "--folder", type=FILE, help="Where runs are kept.  [default: in the user's data directory]"
)
@click.option("--token", help="A word that the link carries; 'new' makes one up.")
@click.option("--demo", is_flag=True, help="Fill the gallery with the examples.")
@click.option("--no-browser", is_flag=True, help="Open no browser.")
@device_option
def ui(folder: Path | None, no_browser: bool, **options: Any) -> None:
    """Stylise and search textures in the browser; nothing leaves this machine.

    \b
    Examples:
      jaxtex ui
      jaxtex ui --demo
      jaxtex ui --host 0.0.0.0 --token new --no-browser
    """
    from jaxtex.ui import ServerSettings, default_folder, serve

    where = (default_folder() if folder is None else folder).absolute()
    serve(ServerSettings(folder=where, browser=not no_browser, **options), say)
