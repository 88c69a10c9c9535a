from pathlib import Path

import pytest

from indexer.models import open_checkpoint
from indexer.models.tokenizers.tokenizer import Tokenizer
from tests.checkpoints import ODD, make_multilingual, make_naflex, make_v1, make_v2


@pytest.fixture(scope="session")
def checkpoints(tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("checkpoints")
    return {
        "v1": make_v1(folder / "v1"),
        "v1 of 16 tokens": make_v1(folder / "v1-16", length=16),
        "v1 multilingual": make_multilingual(folder / "v1-multilingual"),
        "v2": make_v2(folder / "v2"),
        "v2 of two widths": make_v2(folder / "v2-wide", text_width=48),
        "v2 of odd sizes": make_v2(folder / "v2-odd", text_width=36, vision=ODD),
        "naflex": make_naflex(folder / "naflex"),
        "v2 with marks": make_v2(folder / "v2-marks", marks=["<table>", "\u2581\u2581", "sunset", "…"]),
    }


@pytest.fixture(scope="session")
def kept(checkpoints, tmp_path_factory) -> Path:
    """A folder with the cached tokenizers of all checkpoints."""
    folder = tmp_path_factory.mktemp("kept")
    for each in checkpoints.values():
        Tokenizer(open_checkpoint(each), folder).tokens(["a"])
    return folder
