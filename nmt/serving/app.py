"""The server as one application: guard, limits, login, the API, its description.  The page is mounted on it.

Begin with `make_app`; `http_server.py` puts the application on an address.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path
from string import Template

from fastapi import FastAPI, Request
from fastapi_offline import FastAPIOffline
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from nmt.errors import UserError
from nmt.serving import rest_api, rest_files, rest_requests
from nmt.serving.body_limit import BodyLimit
from nmt.serving.errors import PageError, answer_to
from nmt.serving.guard import Guard, Limiter, address_of
from nmt.serving.messages import catalogue
from nmt.serving.service import TranslationService
from nmt.serving.settings import Settings
from nmt.serving.users import COOKIE, COOKIE_SECONDS, Users

LOGIN = Template(Path(__file__).with_name("login.html").read_text(encoding="utf-8"))
STATUS = {"page.busy": 429, "page.timeout": 503, "page.failed": 500}  # of errors that are not the client's
LOGIN_TEXTS = ("title", "login_title", "login_name", "login_password", "login_enter", "login_wrong")
DESCRIPTION = """Neural machine translation on recurrent networks, for clients of LibreTranslate as they are.

    curl -d q="¿Dónde está la biblioteca?" -d source=es -d target=en %s/translate"""


def make_app(service: TranslationService, settings: Settings, users: Mapping[str, str] | None = None) -> FastAPI:
    """Make the application of the API over a service.  `users` None: everybody may ask."""
    app: FastAPI = FastAPIOffline(
        title="Recurrent translator",
        description=DESCRIPTION % settings.url,
        docs_url="/docs",
        redoc_url=None,
        openapi_url="/spec",
    )
    limiter = Limiter(settings.rate_limit)
    known = Users(users, settings.secret) if users is not None else None
    app.add_middleware(BodyLimit, folder=lambda: settings.files)
    # The last one added is the outermost.
    app.add_middleware(Guard, settings=settings, users=known, limiter=limiter)
    app.state.access = rest_requests.Access(known, limiter)
    rest_api.add_routes(app, service, settings)
    rest_files.add_routes(app, service, settings)
    if known is not None:
        _add_login(app, known)

    @app.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException) -> Response:
        return answer_to(error)

    @app.exception_handler(UserError)
    async def mistaken(request: Request, error: UserError) -> Response:
        status = STATUS.get(error.key, 400) if isinstance(error, PageError) else 400
        return answer_to(HTTPException(status, str(error)))

    return app


def _add_login(app: FastAPI, users: Users) -> None:
    @app.get("/login", include_in_schema=False)
    async def form(request: Request, wrong: str = "") -> Response:
        language = catalogue.preferred(request.headers.get("accept-language", ""))
        said = {key: escape(catalogue.say(language, f"page.{key}")) for key in LOGIN_TEXTS}
        return HTMLResponse(LOGIN.substitute(said, language=language, alert="" if wrong else "hidden"))

    @app.post("/login", include_in_schema=False)
    async def login(request: Request) -> Response:
        fields = await rest_requests.read_fields(request, max_bytes=10_000)
        user, password = str(fields.get("username", "")), str(fields.get("password", ""))
        by_hand = "text/html" in request.headers.get("accept", "")
        root = request.scope.get("root_path", "")
        right = users.check(user, password, address_of(request.scope))
        if not right and by_hand:
            return RedirectResponse(f"{root}/login?wrong=1", 303)
        if not right:
            raise HTTPException(401, "wrong password")
        answer = RedirectResponse(f"{root}/", 303) if by_hand else JSONResponse({"success": True})
        answer.set_cookie(
            COOKIE,
            users.cookie(user),
            COOKIE_SECONDS,
            path=f"{root}/",
            secure=request.url.scheme == "https",
            httponly=True,
        )
        return answer

    @app.get("/logout", include_in_schema=False)
    async def logout(request: Request) -> Response:
        root = request.scope.get("root_path", "")
        answer = RedirectResponse(f"{root}/login", 303)
        answer.delete_cookie(COOKIE, path=f"{root}/")
        return answer
