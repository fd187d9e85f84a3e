"""What is fetched and sent beside the pages: pictures and outputs of runs, uploads, examples."""

import mimetypes
from pathlib import Path
from urllib.parse import quote

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import FileResponse, JSONResponse, Response

from jaxtex.errors import JaxtexError, RunError, Stopped
from jaxtex.ui import examples, inputs, text
from jaxtex.ui.house import House
from jaxtex.ui.runs.run import ROLES, Run

# A drawing that is opened by itself runs nothing and loads nothing.
_SANDBOX = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"


def router(house: House) -> APIRouter:
    """The routes of one server."""
    routes = APIRouter()

    def find(id: str) -> Run:
        run = house.runs.find(id)
        if run is None:
            raise HTTPException(404, text.NOT_FOUND)
        return run

    @routes.get("/files/{id}/{name:path}")
    def file(id: str, name: str, save: str | None = None) -> Response:
        path = find(id).file(name)
        if path is None:
            raise HTTPException(404, text.NOT_FOUND)
        return send_file(path, save)

    @routes.get("/examples/{role}/{name}")
    def example(role: str, name: str) -> Response:
        path = examples.example(role, name)
        if path is None:
            raise HTTPException(404, text.NOT_FOUND)
        return send_file(path)

    @routes.put("/api/runs/{id}/{role}")
    async def upload(id: str, role: str, request: Request, name: str = "image") -> Response:
        run = find(id)
        if role not in ROLES:
            raise HTTPException(404, text.NOT_FOUND)
        try:
            await inputs.take(house, run, role, name, request.stream())
        except (JaxtexError, RunError, Stopped) as error:
            said = run.plain(str(error)) or text.CUT_SHORT.format(name=name)
            return JSONResponse({"refused": said}, status_code=422)
        return JSONResponse({"taken": True})

    return routes


def send_file(path: Path, save: str | None = None) -> Response:
    """A file, to be shown or to be saved under the name `save`."""
    kind = mimetypes.guess_type(path.name)[0] or "text/plain"
    headers = {"cache-control": "no-cache", "content-security-policy": _SANDBOX}
    if kind.startswith("video/"):
        # In parts, as players ask for them.
        return FileResponse(path, media_type=kind, filename=save, headers=headers)
    if save is not None:
        headers["content-disposition"] = f"attachment; filename*=utf-8''{quote(save)}"
    # Read at once: a live picture may be replaced before the last of its bytes is sent.
    try:
        return Response(path.read_bytes(), media_type=kind, headers=headers)
    except FileNotFoundError:
        raise HTTPException(404, text.NOT_FOUND) from None
