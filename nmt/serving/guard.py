"""Checks every request before anything else sees it, and completes every answer.

In this order: who really asks (behind a proxy), is the address one of ours (a page elsewhere may have rebound its name
to this machine), may a page elsewhere ask this, how often, and is a password needed.  Each answer gets its security
headers, a line in the log and its place in the metrics; an error that nobody caught is one line and status 500.
"""

from __future__ import annotations

import ipaddress
import json
import logging
import time
from urllib.parse import urlsplit

from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request, cookie_parser
from starlette.responses import JSONResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nmt.serving import metrics
from nmt.serving.errors import answer_to, one_line, shortened
from nmt.serving.settings import WILDCARDS, Settings
from nmt.serving.users import COOKIE, Users

USER = "nmt.user"  # in a request's scope: who asks, None if nobody said
FORWARDED = (b"x-forwarded-", b"forwarded", b"x-real-ip", b"x-gradio-server")  # beginnings of headers
# Routes of the API, which pages of other origins may use; each asks for a password itself, for it may be in the body.
POSTED = ("/translate", "/detect", "/suggest", "/translate_file")
GOT = ("/languages", "/frontend/settings")
DOWNLOAD = "/download_file"
STORING = ("/translate_file", "/suggest")  # which these may use only where --cors names them
PUBLIC = ("/health", "/login")
UNLIMITED = ("/health", "/frontend/settings", "/spec", "/metrics")
ROUTES = (*POSTED, *GOT, DOWNLOAD, *PUBLIC, "/spec", "/metrics", "/docs")
HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "SAMEORIGIN",
    "referrer-policy": "same-origin",
    "content-security-policy": "default-src 'self' data: blob:; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
    "style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'",
}

requests_log = logging.getLogger("nmt.requests")
logger = logging.getLogger(__name__)


class Limiter:
    """Limits how many requests one address, and one user, may make."""

    def __init__(self, limit: str | None) -> None:
        self._limit = parse(limit) if limit else None
        self._counted = MovingWindowRateLimiter(MemoryStorage())

    def count(self, kind: str, key: str) -> None:
        """Count a request; HTTPException when it is one too many."""
        if self._limit and not self._counted.hit(self._limit, kind, key):
            seconds = self._counted.get_window_stats(self._limit, kind, key).reset_time - time.time()
            retry = {"retry-after": str(max(1, round(seconds)))}
            raise HTTPException(429, f"Slowdown: {self._limit}", retry)


class Guard:
    """The outermost ASGI middleware; the module's docstring says what it does."""

    def __init__(self, app: ASGIApp, settings: Settings, users: Users | None, limiter: Limiter) -> None:
        self.app, self.settings, self.users, self.limiter = app, settings, users, limiter
        self._open = CORSMiddleware(self._guarded, settings.cors, allow_methods=["GET", "POST"], allow_headers=["*"])
        self._proxies = [ipaddress.ip_network(proxy) for proxy in settings.proxy]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":  # there are none; without this a browser would wait
            await send({"type": "websocket.close"})
            return
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun, status = time.perf_counter(), 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(raw=message.setdefault("headers", []))
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            scope = self._as_asked(scope)
            await (self._open if self._is_api(scope) else self._guarded)(scope, receive, answer)
        except Exception as error:
            logger.error(one_line(error))
            if not status:
                failed = JSONResponse({"error": "something went wrong; the server's log says what"}, 500)
                await failed(scope, receive, answer)
        finally:
            self._note(scope, status or 499, time.perf_counter() - begun)

    async def _guarded(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = self._refusal(scope) or self.app
        if scope["method"] == "HEAD" and self._route(scope) != "page":
            scope = {**scope, "method": "GET"}  # the server leaves the body out
        await answer(scope, receive, send)

    def _is_api(self, scope: Scope) -> bool:
        path, method = self._path(scope), scope["method"]
        if method == "POST" or path in POSTED and method == "OPTIONS":
            return path in POSTED
        return path in GOT or path.startswith(DOWNLOAD + "/")

    # --- who asks -----------------------------------------------------------------------------------------

    def _as_asked(self, scope: Scope) -> Scope:
        """The request as the client sent it to a trusted proxy; from anybody else, without forwarded headers."""
        sent = Headers(raw=scope["headers"])
        headers = [pair for pair in scope["headers"] if not pair[0].lower().startswith(FORWARDED)]
        scope = {**scope, "headers": headers, USER: None}
        prefix = self.settings.root_path
        if self._is_proxy(address_of(scope)):
            # A proxy adds to the header, or adds a line of its own below those that the client made up.
            for address in reversed(",".join(sent.getlist("x-forwarded-for")).split(",")):
                if address.strip():
                    scope["client"] = (address.strip(), 0)
                if not self._is_proxy(address.strip()):
                    break
            if (scheme := _first(sent, "x-forwarded-proto")) in ("http", "https"):
                scope["scheme"] = scheme
            if host := _first(sent, "x-forwarded-host"):
                headers[:] = [pair for pair in headers if pair[0] != b"host"]
                headers.append((b"host", host.encode("latin-1")))
            prefix = "/" + given if (given := _first(sent, "x-forwarded-prefix").strip("/")) else prefix
        if prefix:
            path = scope["path"]
            within = path == prefix or path.startswith(prefix + "/")
            scope |= {"root_path": prefix, "path": path if within else prefix + path}
        return scope

    def _is_proxy(self, address: str) -> bool:
        try:
            return any(ipaddress.ip_address(address) in network for network in self._proxies)
        except ValueError:
            return False

    def _route(self, scope: Scope) -> str:
        """The path, as the metrics name it."""
        path = self._path(scope)
        return next((one for one in ROUTES if path == one or path.startswith(one + "/")), "page")

    def _path(self, scope: Scope) -> str:
        """The path without the prefix of a proxy."""
        return scope["path"].removeprefix(scope.get("root_path", "")) or "/"

    # --- what is refused ----------------------------------------------------------------------------------

    def _refusal(self, scope: Scope) -> ASGIApp | None:
        """Return the answer to a request that is refused; None for one that is not."""
        request, path = Request(scope), self._path(scope)
        try:
            if any(ord(character) < 32 for character in path):
                raise HTTPException(400, "the path has a control character in it")
            if not self._is_ours(request.headers.get("host", "")):
                said = "this server is not asked by this name: start it with --allowed-host NAME"
                raise HTTPException(421, said)
            if request.method not in ("GET", "HEAD", "OPTIONS") and self._is_foreign(request, path):
                raise HTTPException(403, "a page of another address may not do this")
            # What a page is made of, scripts and pictures, is no work and does not count.
            counted = path not in UNLIMITED and (request.method == "POST" or self._is_api(scope))
            if counted:
                self.limiter.count("address", address_of(scope))
            if self.users is not None:
                refusal = self._without_password(request, path, self.users)
                if counted and scope[USER] is not None:
                    self.limiter.count("user", scope[USER])
                return refusal
        except HTTPException as refused:
            return answer_to(refused)
        return None

    def _is_ours(self, host: str) -> bool:
        """Whether a Host header names this server; a name can be rebound to it, a number cannot."""
        allowed = self.settings.allowed_host
        if "*" in allowed:
            return True
        try:
            name = urlsplit("//" + host).hostname or ""
            if name in ("localhost", self.settings.host.lower(), *map(str.lower, allowed)):
                return bool(name)
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        return address.is_loopback or self.settings.host in WILDCARDS

    def _is_foreign(self, request: Request, path: str) -> bool:
        """Whether a page of another origin asks for what only our own may."""
        origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site")
        if self._is_api(request.scope) and (path not in STORING or origin in self.settings.cors):
            return False
        elsewhere = origin is not None and origin.partition("://")[2] != request.headers.get("host")
        return elsewhere or site in ("cross-site", "same-site")

    def _without_password(self, request: Request, path: str, users: Users) -> ASGIApp | None:
        """Note in the request who asks; a browser that has to log in first is sent to the form, a program refused."""
        address = address_of(request.scope)
        cookie = cookie_parser(request.headers.get("cookie", "")).get(COOKIE, "")
        user = users.of_cookie(cookie) or users.check_basic(request.headers.get("authorization", ""), address)
        request.scope[USER] = user
        if user is not None or path in PUBLIC or self._is_api(request.scope):
            return None
        if "text/html" in request.headers.get("accept", "") and request.method == "GET":
            return RedirectResponse(f"{request.scope.get('root_path', '')}/login", 303)
        raise HTTPException(401, "this server needs a user and password", {"www-authenticate": "Basic"})

    # --- what is noted ------------------------------------------------------------------------------------

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = self._route(scope)
        metrics.REQUESTS.labels(route, status).inc()
        metrics.SECONDS.labels(route).observe(seconds)
        if self.settings.log:
            line = {
                "time": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
                "address": address_of(scope),
                "user": scope.get(USER),
                "method": scope["method"],
                "path": shortened(self._path(scope)),
                "status": status,
                "seconds": round(seconds, 4),
            }
            requests_log.info(json.dumps(line, ensure_ascii=True))


def address_of(scope: Scope) -> str:
    """Return the address that a request comes from, behind a trusted proxy the client's."""
    return scope["client"][0] if scope.get("client") else "local"


def _first(headers: Headers, name: str) -> str:
    """The first of several values of a header, as a chain of proxies writes them; "" if there is none."""
    return headers.get(name, "").split(",")[0].strip()
