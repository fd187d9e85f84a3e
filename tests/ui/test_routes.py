"""Files as they are sent: whole, also where a run replaces them meanwhile."""

import asyncio
import threading

import httpx
import pytest
from fastapi import FastAPI

from jaxtex.ui.routes import send_file


@pytest.fixture
def get(tmp_path):
    """Asks for addresses of files in the folder of the test."""
    app = FastAPI()

    @app.get("/{name}")
    def file(name: str, save: str | None = None):
        return send_file(tmp_path / name, save)

    async def ask(address, headers):
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
            return await client.get(address, headers=headers)

    return lambda address, **headers: asyncio.run(ask(address, headers))


def test_a_picture_that_is_replaced_meanwhile_comes_whole(get, tmp_path):
    versions = [bytes([size % 256]) * size for size in (10, 200_000)]
    path, over = tmp_path / "live.png", threading.Event()
    path.write_bytes(versions[0])

    def replace():
        while not over.is_set():
            for version in versions:
                other = tmp_path / "other"
                other.write_bytes(version)
                other.replace(path)

    thread = threading.Thread(target=replace)
    thread.start()
    try:
        for _ in range(200):
            answer = get("/live.png")
            assert answer.content in versions
            assert int(answer.headers["content-length"]) == len(answer.content)
    finally:
        over.set()
        thread.join()


def test_a_name_to_save_under_may_have_any_letters(get, tmp_path):
    (tmp_path / "result.png").write_bytes(b"picture")
    answer = get('/result.png?save=Größe "x".png')
    assert answer.headers["content-disposition"] == (
        "attachment; filename*=utf-8''Gr%C3%B6%C3%9Fe%20%22x%22.png"
    )
    assert "content-disposition" not in get("/result.png").headers


def test_a_film_is_sent_in_parts(get, tmp_path):
    (tmp_path / "film.mp4").write_bytes(bytes(range(100)))
    answer = get("/film.mp4", range="bytes=10-19")
    assert answer.status_code == 206
    assert answer.content == bytes(range(10, 20))


def test_a_picture_that_is_gone_is_not_found(get):
    assert get("/gone.png").status_code == 404
