"""Who may speak to the server: its own pages, from a host that it knows, with its token.

A page of another site can make a browser send requests here, and a name of its own can be made to
mean 127.0.0.1 (DNS rebinding): Host and Origin tell.
"""

import hashlib
import hmac
import ipaddress
import secrets
import socket
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qsl, urlencode

from jaxtex.ui import text

COOKIE = "jaxtex-token"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
_REFUSED = 4403


def _policy(host: str) -> str:
    # NiceGUI compiles templates and runs the server's wishes in the page: it needs both `unsafe`.
    # All of it comes from here; nothing else is fetched, framed or posted to.
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self'",
            "media-src 'self' blob:",
            f"connect-src 'self' ws://{host} wss://{host}",
            "form-action 'none'",
            "base-uri 'none'",
            "object-src 'none'",
            "frame-ancestors 'none'",
        )
    )


_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
)


class Guard:
    """An ASGI application that lets to another one only what may come in, websockets too."""

    def __init__(self, app: Any, *, host: str, token: str | None) -> None:
        """`host` is what the server listens on; with a `token` a request must bring it once."""
        self.app = app
        self.names = {*LOOPBACK, host.lower(), socket.gethostname().lower()}
        self.token = token
        self.proof = None if token is None else hashlib.sha256(token.encode()).hexdigest()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answers for the application where a request must not reach it."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        headers = {
            name.decode("latin-1"): each.decode("latin-1") for name, each in scope["headers"]
        }
        host = headers.get("host", "")
        if not self._knows(host):
            await _refuse(scope, receive, send, 403, text.HOST_REFUSED)
        elif not _is_own(headers, host):
            await _refuse(scope, receive, send, 403, text.ORIGIN_REFUSED)
        elif self.token is not None and not self._has_token(headers):
            await self._let_in(scope, receive, send)
        else:
            await self.app(scope, receive, _with_headers(send, host))

    def _knows(self, host: str) -> bool:
        """Whether a Host is an address or a name of this machine: no name of another's making."""
        name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
        name = name.strip("[]").lower()
        if name in self.names:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True

    def _has_token(self, headers: dict[str, str]) -> bool:
        try:
            found = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
        except CookieError:
            return False
        return found is not None and hmac.compare_digest(found.value, self.proof or "")

    async def _let_in(self, scope: Any, receive: Any, send: Any) -> None:
        """Changes the token of the link for a cookie, so that it stands in no address after it."""
        query = parse_qsl(scope["query_string"].decode("latin-1"))
        given = dict(query).get("token", "")
        right = hmac.compare_digest(given.encode(), (self.token or "").encode())
        if scope["type"] != "http" or scope["method"] != "GET" or not right:
            await _refuse(scope, receive, send, 401, text.TOKEN_NEEDED)
            return
        rest = urlencode([pair for pair in query if pair[0] != "token"])
        # One slash: two would be another host's name.
        path = "/" + scope["path"].lstrip("/")
        # Lax: a link in a letter opens the page, too; what changes something must bring our Origin.
        cookie = f"{COOKIE}={self.proof}; HttpOnly; SameSite=Lax; Path=/"
        location = path + (f"?{rest}" if rest else "")
        start = {"type": "http.response.start", "status": 303}
        await send(
            start
            | {"headers": [(b"location", location.encode()), (b"set-cookie", cookie.encode())]}
        )
        await send({"type": "http.response.body", "body": b""})


def new_token() -> str:
    """A token that nobody guesses."""
    return secrets.token_urlsafe(24)


def _is_own(headers: dict[str, str], host: str) -> bool:
    """Whether a request comes from a page of ours, or from a person who opens one."""
    origin = headers.get("origin")
    if origin is not None and origin not in (f"http://{host}", f"https://{host}"):
        return False
    foreign = headers.get("sec-fetch-site") in ("cross-site", "same-site")
    return not foreign or headers.get("sec-fetch-mode") == "navigate"


def _with_headers(send: Any, host: str) -> Any:
    async def sending(message: Any) -> None:
        if message["type"] == "http.response.start":
            policy = (b"content-security-policy", _policy(host).encode())
            message = {**message, "headers": [*message.get("headers", ()), *_HEADERS, policy]}
        await send(message)

    return sending


async def _refuse(scope: Any, receive: Any, send: Any, status: int, said: str) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": _REFUSED, "reason": ""})
        return
    headers = [(b"content-type", b"text/plain; charset=utf-8"), *_HEADERS]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": f"{said}\n".encode()})
