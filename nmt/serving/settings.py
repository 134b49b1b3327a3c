"""What a server can be told: its flags, which `nmt serve` and the page share."""

from __future__ import annotations

import argparse
import ipaddress
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from nmt.errors import UserError

WILDCARDS = ("0.0.0.0", "::", "")


@dataclass(frozen=True)
class Settings:
    """The flags of `add_arguments`, and what the program adds to them; `*` in a list: all."""

    host: str = "127.0.0.1"
    port: int = 5000
    model: tuple[str, ...] = ()
    max_chars: int = 5000
    timeout: int = 60
    auth: str | None = None
    root_path: str = ""
    proxy: tuple[str, ...] = ()
    allowed_host: tuple[str, ...] = ()
    cors: tuple[str, ...] = ("*",)
    rate_limit: str | None = None
    suggestions: str | None = None
    workers: int = 1
    log: bool = False
    files: str = ""  # folder of translated files, which is deleted at the end; "": no files are translated
    secret: str = ""  # signs the cookies of those who logged in; all workers share it

    @classmethod
    def of(cls, arguments: argparse.Namespace, **more: Any) -> Settings:
        """UserError for an address or a limit that is none."""
        given = {field.name: getattr(arguments, field.name, None) for field in fields(cls)}
        given = {name: value for name, value in given.items() if value is not None}
        lists = {name: tuple(map(str, value)) for name, value in given.items() if isinstance(value, list)}
        settings = cls(**{**given, **lists, **more})
        for proxy in settings.proxy:
            try:
                ipaddress.ip_network(proxy)
            except ValueError as error:
                raise UserError(f"--proxy {proxy}: {error}; give an address or a network") from None
        if settings.rate_limit:
            from limits import parse

            try:
                parse(settings.rate_limit)
            except ValueError:
                raise UserError(f"--rate-limit {settings.rate_limit}: give for example 60/minute") from None
        return settings

    @property
    def url(self) -> str:
        """Where somebody on this machine finds the server."""
        reachable = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}.get(self.host, self.host)
        return f"http://{f'[{reachable}]' if ':' in reachable else reachable}:{self.port}{self.root_path}"


def add_arguments(parser: argparse.ArgumentParser, default_port: int) -> None:
    add = parser.add_argument
    several: dict[str, Any] = {"action": "append", "default": []}
    models = "checkpoint folder; repeat it for more directions (default: all that `nmt models` lists)"
    add("--model", type=Path, metavar="CHECKPOINT", help=models, **several)
    add("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    add("--port", type=_to(65535), default=default_port, help="port to listen on (default: %(default)s)")
    limit = "longest text of one request, in characters (default: %(default)s)"
    add("--max-chars", type=_to(), default=5000, metavar="N", help=limit)
    limit = "longest time of one translation; documents may take longer (default: %(default)s)"
    add("--timeout", type=_to(), default=60, metavar="SECONDS", help=limit)
    passwords = "ask for a name and password; FILE has a line name:password for each visitor"
    add("--auth", metavar="FILE", help=passwords)
    below = "a proxy serves this below /PATH of its own address; it may also send X-Forwarded-Prefix"
    add("--root-path", type=_path, default="", metavar="/PATH", help=below)
    proxy = "address or network of a proxy, whose X-Forwarded-… headers are believed (default: nobody's are)"
    add("--proxy", metavar="ADDRESS", help=proxy, **several)
    names = "name by which this server may be asked, beside --host and this machine's own; '*': any"
    add("--allowed-host", metavar="NAME", help=names, **several)
    origins = "web page (https://example.org) whose scripts may use the API (default: any may)"
    add("--cors", action="append", metavar="ORIGIN", help=origins)
    limit = "requests of one address, or user, not counting the page itself, such as 60/minute (default: any number)"
    add("--rate-limit", metavar="N/TIME", help=limit)
    suggested = "keep translations that clients suggest, a TSV file for each direction (default: refuse them)"
    add("--suggestions", metavar="FOLDER", help=suggested)


def _to(most: int = 10**9) -> Callable[[str], int]:
    def number(text: str) -> int:
        if not text.isdecimal() or not 1 <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to {most}")
        return int(text)

    return number


def _path(text: str) -> str:
    return "/" + text.strip("/") if text.strip("/") else ""
