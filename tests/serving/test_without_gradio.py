"""nmt.serving knows no Gradio: where it cannot be imported, everything is there and translations are served."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# Run in another process, for this one may have imported Gradio already.
NO_GRADIO = """
import importlib, pkgutil, sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0].startswith("gradio"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Blocker())
import nmt.serving
"""
IMPORT_ALL = """
names = [found.name for found in pkgutil.walk_packages(nmt.serving.__path__, "nmt.serving.")]
for name in names:
    importlib.import_module(name)
assert not any(name.partition(".")[0].startswith("gradio") for name in sys.modules)
assert not any(name.startswith("nmt.webui") for name in sys.modules)
print(len(names))
"""
SERVE = """
import httpx
from nmt.serving import http_server
from nmt.serving.app import make_app
from nmt.serving.settings import Settings
from tests.support.fake_translator import fake_service, free_port

service, port = fake_service(), free_port()
with http_server.running(make_app(service, Settings(port=port)), "127.0.0.1", port):
    fields = {"q": "¿Dónde está la biblioteca?", "source": "auto", "target": "en"}
    answer = httpx.post(f"http://127.0.0.1:{port}/translate", json=fields, timeout=60, trust_env=False)
service.close()
print(answer.status_code, answer.json()["translatedText"])
"""


def run(program: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_every_module_of_the_server_can_be_imported() -> None:
    files = list((ROOT / "nmt" / "serving").rglob("*.py"))
    assert int(run(NO_GRADIO + IMPORT_ALL)) == len(files) - 1  # all but the package itself


def test_a_translation_is_served() -> None:
    assert run(NO_GRADIO + SERVE) == "200 Where is the library?"


def test_the_page_says_which_package_it_lacks() -> None:
    program = NO_GRADIO + "import app_gradio; from nmt.serving import models\n"
    program += "from tests.support.fake_translator import free_port, translators\n"
    program += "models.load_translators = lambda folders: translators()\n"
    program += "sys.stderr = sys.stdout; print(app_gradio.main(['--port', str(free_port())]))"
    assert run(program).splitlines() == [
        "error: the page needs gradio: pip install 'recurrent-nmt[app]' (`make app` does)",
        "1",
    ]


def test_the_command_says_which_package_it_lacks() -> None:
    program = NO_GRADIO.replace('"gradio"', '"fastapi"') + "from nmt.commands.main import main\n"
    program += "sys.stderr = sys.stdout; print(main(['serve', '--rate-limit', '5/minute']))"
    assert run(program).splitlines() == [
        "nmt: error: serving needs fastapi: pip install 'recurrent-nmt[serve]'",
        "1",
    ]


@pytest.mark.parametrize("name", ["nmt.serving", "nmt.webui"])
def test_importing_the_package_alone_imports_nothing_else(name: str) -> None:
    assert run(f"import sys, {name}; print([m for m in ('gradio', 'torch', 'fastapi') if m in sys.modules])") == "[]"
