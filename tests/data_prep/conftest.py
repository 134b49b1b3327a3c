"""A dataset folder for the tests that only look at one."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made of a plain corpus, which lies beside it as corpus.tsv."""
    from tests.support.built_datasets import SIZES, build, write_tsv  # which needs the extra `data`

    work = tmp_path_factory.mktemp("data")
    build(work / "set", "--source", write_tsv(work / "corpus.tsv") + "@licence=CC0", *SIZES)
    return work / "set"
