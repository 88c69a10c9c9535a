"""The operations `search` and `similar`, without a face: the transactions that they begin."""

from functools import cached_property

import pytest

from photos.config import load
from photos.errors import EmptyLibrary
from photos.library import OpenLibrary
from photos.operations.searching.requests import SearchRequest, SimilarRequest
from photos.operations.searching.search import search
from photos.operations.searching.similar import similar
from query.errors import BadQuery, NotInLibrary
from tests.fakes import CountingCatalog
from tests.photos.conftest import read_here


class CountedLibrary(OpenLibrary):
    """A library whose catalog counts its transactions."""

    @cached_property
    def catalog(self):
        return CountingCatalog(super().catalog)


def opened(photos):
    return CountedLibrary(load({"library": photos.library}, {}), photos.encoders, read_here)


@pytest.mark.parametrize(
    ("query", "group", "stands_out", "transactions"),
    [
        ("red", False, False, 2),
        ("red + 2:blue in:bright", True, True, 2),
        ("in:bright", False, False, 1),
        ("in:bright", True, False, 1),
        ("red in:nowhere", False, False, 1),
        # Looked up again after the encoder is loaded, whose checkpoint is compared with the space, and remembered.
        ("words never asked before", False, False, 5),
    ],
)
def test_a_search_begins_few_transactions(filled, pictures, query, group, stands_out, transactions):
    assert filled("search", "red + blue").status == 0
    request = SearchRequest(query=query, directory=str(pictures), top=3, group=group, stands_out=stands_out)
    with opened(filled) as library:
        found = search(library, request)
        assert library.catalog.begun == transactions
        assert found.matches or found.reason
        assert found == search(library, request)


@pytest.mark.parametrize("group", [False, True])
def test_a_search_by_picture_begins_three_transactions(filled, pictures, group):
    with opened(filled) as library:
        found = similar(library, SimilarRequest(image="red.png", directory=str(pictures), top=3, group=group))
        assert library.catalog.begun == 3
    assert len(found.matches) == 3


def test_a_search_in_the_library_alone_opens_no_file(filled, pictures):
    with opened(filled) as library:
        (red,) = search(library, SearchRequest(query="name:red.png", directory="/", top=1)).matches
        for path in (pictures / "red.png", f"photo:{red.photo_id}"):
            request = SimilarRequest(image=str(path), directory="/", top=2, only_library=True)
            assert [each.photo_id for each in similar(library, request).matches] == [
                each.photo_id
                for each in similar(
                    library, SimilarRequest(image=str(pictures / "red.png"), directory="/", top=2)
                ).matches
            ]
            line = SearchRequest(query=f"like:{path}", directory="/", top=1, only_library=True)
            assert search(library, line).matches[0].photo_id == red.photo_id
        elsewhere = pictures.parent / "elsewhere.png"
        elsewhere.write_bytes((pictures / "red.png").read_bytes())
        for path in (elsewhere, "photo:999999", "./red.png"):
            with pytest.raises(NotInLibrary):
                search(library, SearchRequest(query=f"like:{path}", directory=str(pictures), top=1, only_library=True))
            with pytest.raises(NotInLibrary):
                similar(library, SimilarRequest(image=str(path), directory=str(pictures), top=1, only_library=True))


def test_an_empty_line_stands_for_all_photos_of_the_library(filled):
    with opened(filled) as library:
        found = search(library, SearchRequest(query=" ", directory="/", top=3, only_library=True))
        assert (found.total, len(found.matches)) == (6, 3)
        with pytest.raises(BadQuery):
            search(library, SearchRequest(query=" ", directory="/", top=3))


def test_a_search_of_an_empty_library_makes_none(photos, pictures):
    with opened(photos) as library, pytest.raises(EmptyLibrary):
        search(library, SearchRequest(query="red", directory=str(pictures), top=3))
    assert not photos.library.exists()
