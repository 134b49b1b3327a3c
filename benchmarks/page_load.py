"""The page under load: how long one visitor waits, what sixteen at once get, and whether memory grows.

    python -m benchmarks.page_load [--users 16] [--seconds 60] [--requests 5000] [--browser] [--out FILE.json]

Starts `app_gradio.py` with the shipped models as a process of its own and asks it, from this one, as the page in a
browser does: an event is one request and its answer, and what is not done at once comes as a stream.  With
--browser, one visitor is a real one (Playwright and Chromium): from the Enter key until the translation can be read.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from benchmarks.common import finish, machine, make_parser, revision

ROOT = Path(__file__).resolve().parent.parent
LONE_REQUESTS = 100  # of the one visitor
FIRST_REQUESTS = 20  # that are not counted
WARM_UP_REQUESTS = 500  # each of a new visitor, before memory is looked at: more than the page remembers

# Ten words each, put together anew for every request, so that hardly two are alike.
PARTS = [
    part.split(", ")
    for part in (
        "Mi hermana, El vecino, La profesora, Su padre, Nuestro amigo, La gente, El médico, Tu jefe",
        "quiere comprar, no encuentra, ha visto, necesita vender, perdió, va a buscar, olvidó, prefiere",
        "un libro, la casa, el coche rojo, una mesa, los billetes, su teléfono, dos sillas, el mapa",
        "en la calle, esta mañana, antes de comer, cerca del río, con su familia, por la noche, en Madrid",
    )
]
SENTENCE_WORDS, FILLING = 10, "muy despacio y sin prisa".split()


@dataclass
class Taken:
    """What some requests took."""

    seconds: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    wall_seconds: float = 0.0

    def figures(self) -> dict[str, Any]:
        return {
            "requests": len(self.seconds),
            "errors": len(self.errors),
            "first_error": self.errors[0] if self.errors else None,
            "median_ms": round(1000 * median(self.seconds), 1),
            "p95_ms": round(1000 * quantiles(self.seconds, n=20)[-1], 1),
            "requests_per_second": round(len(self.seconds) / self.wall_seconds, 1),
        }


def sentence(rng: random.Random) -> str:
    words = " ".join(rng.choice(part) for part in PARTS).split()
    return " ".join([*words, *FILLING][:SENTENCE_WORDS]) + "."


@contextmanager
def served() -> Iterator[tuple[str, int]]:
    """The page, started as a user starts it: its address and process id."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [sys.executable, "-u", str(ROOT / "app_gradio.py"), "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as app:
        assert app.stdout is not None
        try:
            if not app.stdout.readline().startswith("Ready"):
                sys.exit(f"app_gradio.py did not start, status {app.wait()}")
            yield f"http://127.0.0.1:{port}", app.pid
        finally:
            app.terminate()


@contextmanager
def chromium() -> Iterator[Any]:
    """Playwright's handle on Chromium, the system's one where there is one."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        system = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=system, args=["--no-sandbox"])
        yield browser
        browser.close()


class Visitor:
    """One browser's session, without the browser."""

    def __init__(self, http: Any, address: str, events: dict[str, dict[str, Any]], seed: int) -> None:
        self.http, self.api = http, f"{address}/gradio_api"
        self.event, self.more = events["pause"], events["more"]
        self.random = random.Random(seed)
        self.session = f"visitor{seed}"

    async def translate(self) -> None:
        """One round trip; ValueError if what comes back is no translation."""
        text = sentence(self.random)
        answer = await self._send("run/predict", self.event, [None, text, "auto", "en", 5, 2, ""])
        html = answer.json()["data"][0]
        while "data-more" in html:  # the server is busy: the rest comes as a stream
            html = await self._rest()
        if "nmt-word" not in html or "nmt-notice" in html:
            raise ValueError(f"no translation of {text!r}: {html}")

    async def _send(self, endpoint: str, event: dict[str, Any], data: list[Any]) -> Any:
        body = {"data": data, "fn_index": event["id"], "session_hash": self.session, "event_data": None}
        answer = await self.http.post(f"{self.api}/{endpoint}", json=body)
        answer.raise_for_status()
        return answer

    async def _rest(self) -> str:
        await self._send("queue/join", self.more, [None])
        html = ""
        async with self.http.stream("GET", f"{self.api}/queue/data?session_hash={self.session}") as events:
            async for line in events.aiter_lines():
                message: Any = json.loads(line[5:]) if line.startswith("data:") else {"msg": ""}
                if message["msg"] == "process_completed":
                    if not message["success"]:
                        raise ValueError(str(message))
                    return html or str(message["output"]["data"][0])
        raise ValueError("the stream ended without an answer")


async def visit(address: str, users: int, seconds: float = 0.0, requests: int = 0, strangers: bool = False) -> Taken:
    """Let `users` at once ask again as soon as each has its answer, for some time or until so many are done.

    strangers  every request is a new visitor's: the page keeps something for each
    """
    import httpx

    taken = Taken()
    limits = httpx.Limits(max_connections=4 * users, max_keepalive_connections=4 * users)
    async with httpx.AsyncClient(timeout=60, limits=limits, trust_env=False) as http:
        config = (await http.get(f"{address}/config")).json()
        events = {target[1]: d for d in config["dependencies"] for target in d["targets"]}
        started = time.perf_counter()

        async def one(seed: int) -> None:
            visitor = Visitor(http, address, events, seed)
            while time.perf_counter() - started < seconds or len(taken.seconds) + len(taken.errors) < requests:
                if strangers:
                    visitor.session = f"{seed}-{len(taken.seconds)}-{time.monotonic_ns()}"
                begun = time.perf_counter()
                try:
                    await visitor.translate()
                    taken.seconds.append(time.perf_counter() - begun)
                except (httpx.HTTPError, ValueError) as error:
                    taken.errors.append(f"{type(error).__name__}: {error}")

        await asyncio.gather(*[one(seed) for seed in range(users)])
        taken.wall_seconds = time.perf_counter() - started
    return taken


def memory(pid: int) -> float:
    """The resident memory of a process, in MB."""
    import psutil

    return float(psutil.Process(pid).memory_info().rss) / 1e6


def in_browser(address: str, count: int) -> list[float]:
    """Seconds from the Enter key until the new translation is in the page."""
    changed = """before => {
        const box = document.querySelector('#nmt-target .nmt-translation');
        return box.querySelector('.nmt-word') && box.textContent !== before;
    }"""
    rng, found = random.Random(1), []
    with chromium() as browser:
        page = browser.new_page()
        page.goto(address)
        page.wait_for_selector("#nmt-source textarea")
        page.wait_for_timeout(2000)
        for _ in range(count):
            before = page.text_content("#nmt-target .nmt-translation")
            page.fill("#nmt-source textarea", sentence(rng))
            begun = time.perf_counter()
            page.press("#nmt-source textarea", "Enter")
            page.wait_for_function(changed, arg=before)
            found.append(time.perf_counter() - begun)
            page.wait_for_timeout(100)
    return found


def run(args: argparse.Namespace) -> dict[str, Any]:
    with served() as (address, pid):
        asyncio.run(visit(address, 1, requests=FIRST_REQUESTS))
        alone = asyncio.run(visit(address, 1, requests=LONE_REQUESTS)).figures()
        crowd = asyncio.run(visit(address, args.users, seconds=args.seconds)).figures()
        figures = {
            "machine": machine("gradio", "onnxruntime"),
            "revision": revision(),
            "one_visitor": alone,
            f"{args.users}_visitors": crowd,
            "times_one_at_a_time": round(crowd["requests_per_second"] / alone["requests_per_second"], 2),
        }
        if args.browser:
            seconds = in_browser(address, LONE_REQUESTS)
            figures["browser_median_ms"] = round(1000 * median(seconds), 1)
            figures["times_one_in_the_browser"] = round(crowd["requests_per_second"] * median(seconds), 2)
        if args.requests:
            asyncio.run(visit(address, args.users, requests=WARM_UP_REQUESTS, strangers=True))
            before = memory(pid)
            asyncio.run(visit(address, args.users, requests=args.requests, strangers=True))
            after = memory(pid)
            grown = round(100 * (after / before - 1), 2)
            figures["memory"] = {"before_mb": round(before), "after_mb": round(after), "grown_percent": grown}
    return figures


def main() -> int:
    parser = make_parser(__doc__)
    add = parser.add_argument
    add("--users", type=int, default=16, metavar="N", help="visitors at once (default: 16)")
    add("--seconds", type=float, default=60, help="for which they ask (default: 60)")
    add("--requests", type=int, default=5000, metavar="N", help="for memory (default: 5000)")
    add("--browser", action="store_true", help="measure one visitor in Chromium too")
    add("--out", type=Path, metavar="FILE.json", help="write the figures here too")
    args = parser.parse_args()
    return finish(partial(run, args), args.out)


if __name__ == "__main__":
    sys.exit(main())
