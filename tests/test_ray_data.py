"""nmt.ray_data: what a cluster that is connected to asks for."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from nmt import ray_data
from nmt.errors import UserError


@pytest.mark.parametrize("there", [True, False])
def test_the_token_is_sent_where_ray_has_made_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: bool) -> None:
    """Ray reads the mode when it is imported; a cluster of `ray start` asks for the token as soon as there is one."""
    (tmp_path / "ray").mkdir()
    (tmp_path / "ray" / "__init__.py").write_text(
        "import os\nraise ModuleNotFoundError('', name=f\"mode {os.environ.get('RAY_AUTH_MODE')}\")\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    for name in [name for name in sys.modules if name.partition(".")[0] == "ray"]:
        monkeypatch.delitem(sys.modules, name)
    for name in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"):
        monkeypatch.setenv(name, "")  # so that it is put back
        del os.environ[name]
    (tmp_path / "token").write_text("secret")
    monkeypatch.setattr(ray_data, "TOKEN", tmp_path / ("token" if there else "none"))
    with pytest.raises(UserError, match="mode token" if there else "mode None"), ray_data.ray_on("10.0.0.1:6379"):
        pass
