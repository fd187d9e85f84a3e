"""Foreign hosts, foreign pages and people without the token."""

import asyncio
import http.client

import pytest
from browser import Server, serving

from jaxtex.errors import SettingsError
from jaxtex.ui.security import Guard
from jaxtex.ui.settings import ServerSettings


def ask(server, method="GET", path="/", **headers):
    """Status and headers of an answer; the Host may be any."""
    host, port = server.address.removeprefix("http://").split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=30)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read().decode(errors="replace")
    finally:
        connection.close()


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil", ""])
def test_a_foreign_host_is_refused(server, host):
    status, _, said = ask(server, Host=host)
    assert status == 403
    assert "Open the link" in said


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "LOCALHOST"])
def test_names_of_this_machine_are_known(server, host):
    port = server.address.rpartition(":")[2]
    assert ask(server, Host=f"{host}:{port}")[0] == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://localhost:1"])
def test_a_foreign_page_may_not_send(server, origin):
    path = "/api/runs/20260101-000000-abcdef/content?name=a.png"
    assert ask(server, "PUT", path, Origin=origin)[0] == 403


def test_a_foreign_page_may_not_show_a_picture(server):
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
    assert ask(server, path="/examples/content/northgate.png", **headers)[0] == 403
    assert ask(server, path="/examples/content/northgate.png")[0] == 200


def test_a_link_of_a_foreign_page_opens(server):
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert ask(server, **headers)[0] == 200


def test_pages_name_no_other_source(server):
    policy = ask(server)[1]["content-security-policy"]
    allowed = {word for part in policy.split(";") for word in part.split()[1:]}
    own = server.address.removeprefix("http://")
    assert {each for each in allowed if not each.startswith("'")} == {
        "data:", "blob:", f"ws://{own}", f"wss://{own}",
    }  # fmt: skip


@pytest.mark.parametrize(
    "path",
    [
        "/files/..%2f..%2fetc/passwd",
        "/files/20260101-000000-abcdef/..%2f..%2frun.json",
        "/files/20260101-000000-abcdef/run.json",
        "/assets/..%2fserver.py",
        "/examples/content/..%2f..%2fSOURCES.md",
    ],
)
def test_no_address_leads_to_another_file(server, path):
    assert ask(server, path=path)[0] == 404


def through(guard, type="websocket", **headers):
    """What an application behind the guard gets to see, and what is answered."""
    sent, reached = [], []

    async def app(scope, receive, send):
        reached.append(scope["type"])

    async def receive():
        return {"type": "websocket.connect"}

    async def send(message):
        sent.append(message)

    guard.app = app
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": type, "headers": pairs, "path": "/", "query_string": b"", "method": "GET"}
    asyncio.run(guard(scope, receive, send))
    return reached, sent


@pytest.mark.parametrize(
    ("headers", "passes"),
    [
        ({"host": "localhost:8321", "origin": "http://localhost:8321"}, True),
        ({"host": "localhost:8321", "origin": "http://evil.example"}, False),
        ({"host": "evil.example", "origin": "http://evil.example"}, False),
    ],
)
def test_websockets_are_guarded_as_pages_are(headers, passes):
    reached, sent = through(Guard(None, host="127.0.0.1", token=None), **headers)
    assert bool(reached) == passes
    assert [message["type"] for message in sent] == ([] if passes else ["websocket.close"])


def test_a_websocket_needs_the_token_as_well():
    reached, sent = through(Guard(None, host="::", token="x" * 20), host="[::1]:1")
    assert not reached
    assert sent[0]["type"] == "websocket.close"


def test_the_link_lets_in_once_and_leaves_no_token_in_the_address(tmp_path):
    with serving(tmp_path, "--host", "0.0.0.0", "--token", "new") as server:
        assert ask(server)[0] == 401
        assert ask(server, path="/?token=wrong")[0] == 401
        status, headers, _ = ask(server, path="/" + server.link.rpartition("/")[2])
        assert (status, headers["location"]) == (303, "/")
        cookie = headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert ask(server, Cookie=cookie.partition(";")[0])[0] == 200
        assert sum(server.link in line for line in server.lines) == 1


@pytest.mark.parametrize("token", [None, "short"])
def test_another_host_needs_a_token(tmp_path, token):
    with pytest.raises(SettingsError, match="16"):
        ServerSettings(folder=tmp_path, host="0.0.0.0", token=token)


def test_a_folder_has_one_server(server):
    with pytest.raises(AssertionError, match="another jaxtex ui uses this folder"):
        Server(server.folder)
