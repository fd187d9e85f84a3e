"""The application: NiceGUI's pages, the routes beside them, and the guard before all."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from nicegui import ui

from jaxtex.ui import demo, layout, text
from jaxtex.ui.device.queue import Device
from jaxtex.ui.gallery.page import register as register_gallery
from jaxtex.ui.house import House
from jaxtex.ui.routes import router
from jaxtex.ui.security import Guard
from jaxtex.ui.settings import ServerSettings
from jaxtex.ui.stylise.page import register as register_stylise
from jaxtex.ui.textures.page import register as register_textures
from jaxtex.ui.textures.routes import router as textures_router


def make_app(settings: ServerSettings, token: str | None) -> Guard:
    """The application of one server; its worker starts and ends with it."""

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        house = House(settings.folder, Device(device=settings.device))
        house.runs.after_a_break()
        app.include_router(router(house))
        app.include_router(textures_router(house))
        # NiceGUI takes what no route of ours does: it was mounted first, and must come last.
        app.router.routes.append(app.router.routes.pop(0))
        layout.register()
        for register in (register_stylise, register_textures, register_gallery):
            register(house)
        if settings.demo:
            demo.fill(house)
        yield
        await house.device.close()

    app = FastAPI(lifespan=life, openapi_url=None)
    ui.run_with(
        app,
        title=text.NAME,
        favicon=layout.ASSETS / "favicon.svg",
        dark=None,
        language="en-US",
        binding_refresh_interval=None,
        reconnect_timeout=30.0,
        show_welcome_message=False,
        tailwind=False,
        # Who asks is near: to compress would take longer than to send.
        gzip_middleware_factory=None,
    )
    return Guard(app, host=settings.host, token=token)
