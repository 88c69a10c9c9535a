"""The one place where the program's parts are put together: settings → catalog → index → encoders."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Self

from photos.config import Settings
from photos.encoders import Encoders, Listening, SiglipEncoders, TextTower
from photos.errors import EmptyLibrary
from query import TextEncoder, TextVectors
from store import Catalog, FaissIndex, MappedRows, Space, VectorIndex

if TYPE_CHECKING:
    from indexer import ImageEncoder, Readers, Squarer
    from indexer.models import Checkpoint
    from photos.operations.models import Model

    #: Given the preprocessing, and how many files are to be read at once.
    MakeReaders = Callable[[Squarer, int | None], AbstractContextManager[Readers]]


class OpenLibrary:
    """The parts of one library. Each is made when it is first asked for; `close` gives them back."""

    def __init__(
        self, settings: Settings, towers: Encoders | None = None, make_readers: MakeReaders | None = None
    ) -> None:
        self.settings = settings
        self.towers = towers or SiglipEncoders(settings.kept_tokenizers, settings.threads)
        self._make_readers = make_readers or _in_processes

    @cached_property
    def catalog(self) -> Catalog:
        """The library's catalog, made if there is none."""
        return Catalog.open(self.settings.catalog_path, MappedRows(self.settings.index_folder))

    @property
    def is_new(self) -> bool:
        """Whether nothing was ever kept in this library."""
        return not self.settings.catalog_path.exists()

    @property
    def catalog_if_any(self) -> Catalog | None:
        """The library's catalog; None, and nothing is made, if there is none."""
        return None if self.is_new else self.catalog

    @property
    def reference(self) -> str | None:
        """The checkpoint that the library uses, as the user named it."""
        if self.is_new:
            return None
        with self.catalog.read() as t:
            return t.library.model()

    @cached_property
    def space(self) -> Space:
        """The space that answers. Raises `EmptyLibrary`, and makes nothing, if there is none."""
        if self.is_new:
            raise EmptyLibrary(self.settings.library)
        with self.catalog.read() as t:
            space_id = t.library.space_id()
            if space_id is None or not t.photos.any():
                raise EmptyLibrary(self.settings.library)
            return t.spaces.get(space_id)

    @cached_property
    def index(self) -> VectorIndex:
        """The vector index of the space that answers."""
        return self.index_of(self.space)

    def index_of(self, space: Space) -> VectorIndex:
        """The vector index of *space*."""
        return FaissIndex(self.settings.index_folder, self.catalog, space)

    def texts(self, space: Space, told_cut: Callable[[str], None] | None = None) -> TextVectors:
        """Texts as vectors of *space*. The text tower is loaded for the first text that is not remembered.

        *told_cut* hears of new texts that are longer than the model reads.
        """

        def encoder() -> TextEncoder:
            tower = self.text_tower(self.checkpoint_of(space))
            return tower if told_cut is None else Listening(tower, told_cut)

        return TextVectors(self.catalog, space, encoder)

    def text_tower(self, checkpoint: Checkpoint) -> TextTower:
        """The checkpoint's encoder of texts."""
        return self.towers.text(checkpoint, self.settings.device)

    def image_tower(self, checkpoint: Checkpoint, precision: str | None) -> ImageEncoder:
        """The checkpoint's encoder of pictures."""
        return self.towers.image(checkpoint, self.settings.device, precision)

    def readers(self, preprocessing: Squarer) -> AbstractContextManager[Readers]:
        """What reads and decodes files, for a checkpoint that preprocesses so."""
        return self._make_readers(preprocessing, self.settings.workers)

    def embedder(self, space: Space) -> ImageEncoder:
        """The image tower of the library's checkpoint, at the precision of *space*."""
        return self.image_tower(self.checkpoint_of(space), space.identity.precision)

    def checkpoint_of(self, space: Space) -> Checkpoint:
        """The checkpoint that *space* was made with; see `models.reopen`."""
        from photos.operations import models  # noqa: PLC0415 - a search for remembered words needs no checkpoint

        return models.reopen(self.catalog, self.settings, space)

    def choose_model(self, asked: str | None) -> Model:
        """The model that the library uses from now on; see `models.choose`."""
        from photos.operations import models  # noqa: PLC0415 - as above

        return models.choose(self.catalog, self.settings, asked)

    def close(self) -> None:
        """Give back what is held open."""
        if "catalog" in self.__dict__:
            self.catalog.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _in_processes(preprocessing: Squarer, count: int | None) -> AbstractContextManager[Readers]:
    from indexer import InProcesses  # noqa: PLC0415 - searches decode nothing

    return InProcesses(preprocessing, count)
