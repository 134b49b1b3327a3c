"""The page under load: how long one visitor waits, what sixteen at once get, and whether memory grows.

    python -m benchmarks.page_load [--users 16] [--seconds 60] [--requests 5000] [--browser] [--out FILE.json]

Starts `app_gradio.py` with the shipped models as a process of its own and asks it, from this one, as the page in a
browser does: an event is one request and its answer, and what is not done at once comes as a stream.  With
--browser, one visitor is a real one (Playwright and Chromium): from the Enter key until the translation can be read.
"""

from __future__ import annotations

import asyncio
import json
import random
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from benchmarks.common import machine, make_parser, publish, revision

ROOT = Path(__file__).resolve().parent.parent
ALONE = 100  # requests of the one visitor
WARM = 500  # requests, each of a new visitor, before memory is looked at: more than the page remembers

# Ten words each, put together anew for every request, so that none is the same as another.
STARTS = [
    "Mi hermana",
    "El vecino",
    "La profesora",
    "Su padre",
    "Nuestro amigo",
    "La gente",
    "El médico",
    "Tu jefe",
]
VERBS = [
    "quiere comprar",
    "no encuentra",
    "ha visto",
    "necesita vender",
    "perdió",
    "va a buscar",
    "olvidó",
    "prefiere",
]
THINGS = [
    "un libro",
    "la casa",
    "el coche rojo",
    "una mesa",
    "los billetes",
    "su teléfono",
    "dos sillas",
    "el mapa",
]
ENDS = [
    "en la calle",
    "esta mañana",
    "antes de comer",
    "cerca del río",
    "con su familia",
    "por la noche",
    "en Madrid",
]


@dataclass
class Taken:
    """What some requests took."""

    seconds: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    wall: float = 0.0

    def figures(self) -> dict[str, Any]:
        return {
            "requests": len(self.seconds),
            "errors": len(self.errors),
            "first_error": self.errors[0] if self.errors else None,
            "median_ms": round(1000 * median(self.seconds), 1),
            "p95_ms": round(1000 * quantiles(self.seconds, n=20)[-1], 1),
            "requests_per_second": round(len(self.seconds) / self.wall, 1),
        }


def sentence(rng: random.Random) -> str:
    words = " ".join(rng.choice(part) for part in (STARTS, VERBS, THINGS, ENDS)).split()
    return " ".join([*words, *["muy", "despacio", "y", "sin", "prisa"]][:10]) + "."


@contextmanager
def served(port: int) -> Iterator[int]:
    """The page on this port, as a user starts it; its process id."""
    command = [sys.executable, "-u", str(ROOT / "app_gradio.py"), "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as app:
        assert app.stdout is not None
        try:
            if not app.stdout.readline().startswith("Ready"):
                sys.exit(f"app_gradio.py did not start, status {app.wait()}")
            yield app.pid
        finally:
            app.terminate()


class Visitor:
    """One browser's session, without the browser."""

    def __init__(self, http: Any, address: str, events: dict[str, dict[str, Any]], seed: int) -> None:
        self.http, self.address = http, address
        self.event, self.more = events["pause"], events["more"]
        self.random = random.Random(seed)
        self.session = f"visitor{seed}"

    async def translate(self) -> None:
        """One round trip; ValueError if what comes back is no translation."""
        text = sentence(self.random)
        data = [None, text, "auto", "en", 5, 2]
        event = {"data": data, "fn_index": self.event["id"], "session_hash": self.session, "event_data": None}
        answer = await self.http.post(f"{self.address}/gradio_api/run/predict", json=event)
        answer.raise_for_status()
        html = answer.json()["data"][0]
        while "data-more" in html:  # the server is busy: the rest comes as a stream
            html = await self._rest()
        if "nmt-word" not in html or "nmt-notice" in html:
            raise ValueError(f"no translation of {text!r}: {html}")

    async def _rest(self) -> str:
        event = {
            "data": [None],
            "fn_index": self.more["id"],
            "session_hash": self.session,
            "event_data": None,
        }
        (await self.http.post(f"{self.address}/gradio_api/queue/join", json=event)).raise_for_status()
        stream = f"{self.address}/gradio_api/queue/data?session_hash={self.session}"
        html = ""
        async with self.http.stream("GET", stream) as events:
            async for line in events.aiter_lines():
                message: Any = json.loads(line[5:]) if line.startswith("data:") else {"msg": ""}
                if message["msg"] == "process_completed":
                    if not message["success"]:
                        raise ValueError(str(message))
                    return html or str(message["output"]["data"][0])
        raise ValueError("the stream ended without an answer")


async def visit(
    address: str, users: int, seconds: float = 0.0, requests: int = 0, strangers: bool = False
) -> Taken:
    """`users` at once, each asking again as soon as it has its answer, for some time or until so many are done.

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
            while (
                time.perf_counter() - started < seconds or len(taken.seconds) + len(taken.errors) < requests
            ):
                if strangers:
                    visitor.session = f"{seed}-{len(taken.seconds)}-{time.monotonic_ns()}"
                begun = time.perf_counter()
                try:
                    await visitor.translate()
                    taken.seconds.append(time.perf_counter() - begun)
                except (httpx.HTTPError, ValueError) as error:
                    taken.errors.append(f"{type(error).__name__}: {error}")

        await asyncio.gather(*[one(seed) for seed in range(users)])
        taken.wall = time.perf_counter() - started
    return taken


def memory(pid: int) -> float:
    """Resident memory of a process, in MB."""
    import psutil

    return float(psutil.Process(pid).memory_info().rss) / 1e6


def in_browser(address: str, count: int) -> list[float]:
    """Seconds from the Enter key until the new translation is in the page."""
    import shutil

    from playwright.sync_api import sync_playwright

    changed = """before => {
        const box = document.querySelector('#nmt-target .nmt-translation');
        return box.querySelector('.nmt-word') && box.textContent !== before;
    }"""
    rng, found = random.Random(1), []
    with sync_playwright() as playwright:
        chromium = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
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
        browser.close()
    return found


def main() -> int:
    parser = make_parser(__doc__)
    parser.add_argument("--users", type=int, default=16, metavar="N", help="visitors at once (default: 16)")
    parser.add_argument("--seconds", type=float, default=60, help="for which they ask (default: 60)")
    parser.add_argument("--requests", type=int, default=5000, metavar="N", help="for memory (default: 5000)")
    parser.add_argument("--browser", action="store_true", help="measure one visitor in Chromium too")
    parser.add_argument("--out", type=Path, metavar="FILE.json", help="write the figures here too")
    args = parser.parse_args()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    with served(port) as pid:
        asyncio.run(visit(address, 1, requests=20))
        alone = asyncio.run(visit(address, 1, requests=ALONE)).figures()
        crowd = asyncio.run(visit(address, args.users, seconds=args.seconds)).figures()
        figures = {
            "machine": machine("gradio", "onnxruntime"),
            "revision": revision(),
            "one_visitor": alone,
            f"{args.users}_visitors": crowd,
            "times_one_at_a_time": round(crowd["requests_per_second"] / alone["requests_per_second"], 2),
        }
        if args.browser:
            seconds = in_browser(address, ALONE)
            figures["browser_median_ms"] = round(1000 * median(seconds), 1)
            figures["times_one_in_the_browser"] = round(crowd["requests_per_second"] * median(seconds), 2)
        if args.requests:
            asyncio.run(visit(address, args.users, requests=WARM, strangers=True))
            before = memory(pid)
            asyncio.run(visit(address, args.users, requests=args.requests, strangers=True))
            after = memory(pid)
            grown = round(100 * (after / before - 1), 2)
            figures["memory"] = {"before_mb": round(before), "after_mb": round(after), "grown_percent": grown}
    publish(figures, args.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
