"""The library of drawings that tests of retrieval share: drawing takes longer than they do."""

import pytest

from indexer.models import open_checkpoint
from photos.known_models import SHIPPED
from training.caption_retrieval import CaptionRetrieval


@pytest.fixture(scope="session")
def retrieval(tmp_path_factory):
    folder = tmp_path_factory.mktemp("retrieval")
    made = CaptionRetrieval(open_checkpoint(SHIPPED["demo"], "demo"), folder, pictures=200, questions=100)
    yield made
    made.close()
