"""Textures that are fetched, of rounds, the tray and what is made of it; images that come in."""

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import JSONResponse, Response

from jaxtex.errors import JaxtexError, RunError, Stopped
from jaxtex.ui import text, text_textures
from jaxtex.ui.house import House
from jaxtex.ui.routes import send_file
from jaxtex.ui.runs.folders import packed
from jaxtex.ui.runs.made import Piece, Strip
from jaxtex.ui.runs.searches import Kept, Search
from jaxtex.ui.textures.tray import take_image

T = TypeVar("T")

# What an address with a stamp shows never changes.
_FOR_EVER = {"cache-control": "private, max-age=31536000, immutable"}


def router(house: House) -> APIRouter:
    """The routes of one server."""
    routes = APIRouter(prefix="/texture-files")

    def search_of(name: str) -> Search:
        return _there(house.searches.find(name))

    def kept(id: str) -> Kept:
        return _there(house.searches.find_kept(id))

    def strip_of(id: str) -> Strip:
        return _there(house.searches.find_strip(id))

    def piece_of(id: str) -> Piece:
        return _there(house.searches.find_piece(id))

    @routes.get("/rounds/{name}/{label}.png")
    def texture(name: str, label: str) -> Response:
        try:
            data = search_of(name).picture(label)
        except JaxtexError:
            data = None
        return Response(_there(data), media_type="image/png", headers=_FOR_EVER)

    @routes.get("/drawn/{name}.png")
    def drawn(name: str) -> Response:
        path = house.searches.drawn / f"{search_of(name).name}.png"
        return send_file(_there(path if path.is_file() else None))

    @routes.get("/picks/{name}/{file}")
    def picks(name: str, file: str, labels: str = "") -> Response:
        """Textures as an archive, or one, by its label."""
        wanted = [Path(file).stem] if file.endswith(".png") else labels.split(",")
        try:
            return _saved(search_of(name).exported(wanted), file)
        except JaxtexError as error:
            raise HTTPException(404, house.searches.plain(str(error))) from None

    @routes.get("/tray/{id}.png")
    def in_tray(id: str, save: str | None = None) -> Response:
        return send_file(kept(id).path, save)

    @routes.get("/tray.zip")
    def of_tray(ids: str) -> Response:
        files = [kept(id).path for id in ids.split(",")]
        return _saved([(path.name, path.read_bytes()) for path in files], "tray.zip")

    @routes.get("/strips/{id}.zip")
    def all_of_strip(id: str) -> Response:
        return _saved(strip_of(id).files(), f"{id}.zip")

    @routes.get("/strips/{id}/{results}/{name}")
    def of_strip(id: str, results: str, name: str, save: str | None = None) -> Response:
        return send_file(_there(strip_of(id).file(results, name)), save)

    @routes.get("/pieces/{id}/{name}")
    def of_piece(id: str, name: str, save: str | None = None) -> Response:
        return send_file(_there(piece_of(id).file(name)), save)

    @routes.put("/tray")
    @routes.put("/tray/{search}")
    async def upload(request: Request, name: str = "image", search: str | None = None) -> Response:
        near = None if search is None else search_of(search)
        try:
            await take_image(house, name, request.stream(), near)
        except (JaxtexError, RunError, Stopped) as error:
            said = house.searches.plain(str(error)) or text.CUT_SHORT.format(name=name)
            return JSONResponse({"refused": said}, status_code=422)
        return JSONResponse({"taken": True})

    return routes


def _saved(files: Sequence[tuple[str, bytes]], name: str) -> Response:
    """A file to be saved, several as an archive."""
    single = name.endswith(".png")
    data, kind = (files[0][1], "image/png") if single else (packed(files), "application/zip")
    headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-cache"}
    return Response(data, media_type=kind, headers=headers)


def _there(found: T | None) -> T:
    if found is None:
        raise HTTPException(404, text_textures.NOT_FOUND)
    return found
