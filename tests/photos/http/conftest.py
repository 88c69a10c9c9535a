"""A server that answers for a library of colours."""

import pytest

from .client import answering


@pytest.fixture
def api(filled):
    """A client of the API of the library with a picture of each colour."""
    with answering(filled.library) as client:
        yield client
        assert client.logged == []
