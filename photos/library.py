"""Composition root: settings → catalog → index → encoders."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from copy import copy
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from photos.catalog_place import CatalogPlace
from photos.config import Settings, demo_path
from photos.encoders import TruncationReporter
from photos.errors import EmptyLibrary
from photos.spaces import find_space
from query.similarity import EncodeTexts, TextVectors
from store import Catalog, Space, Transaction, VectorIndex, vector_index
from store.private_files import make_folder, make_shared, tighten

if TYPE_CHECKING:
    from indexer import Readers
    from indexer.models import Checkpoint
    from indexer.models.backends.accelerators import Machine
    from indexer.models.protocols import EncoderFactory, ImageEncoder, Preprocessor, TextEncoder
    from photos.models import Model
    from query.tagging import StoredTagger, UnitScorer
    from store import Revision
    from store.queue.base import WorkQueue

    #: Called with the preprocessing, the number of files to read at once, and the preprocessing of a second space.
    MakeReaders = Callable[[Preprocessor, int | None, Preprocessor | None], AbstractContextManager[Readers]]


class OpenLibrary:
    """The parts of one library. Each is made at its first use; `close` releases them.

    *on_tightened* is called if other users could do something with the library's files, and now cannot any more.
    *on_notice* is called with each sentence that a person should read, such as that a GPU cannot be used.
    """

    def __init__(
        self,
        settings: Settings,
        encoders: EncoderFactory | None = None,
        make_readers: MakeReaders | None = None,
        on_tightened: Callable[[], object] = lambda: None,
        on_notice: Callable[[str], None] = lambda _sentence: None,
    ) -> None:
        self.settings = settings
        self._on_tightened = on_tightened
        #: The catalog on a server, from the question whether there is one until it is first used.
        self._found: Catalog | None = None
        self.on_notice = on_notice
        self.encoders = encoders or SiglipEncoders(
            settings.tokenizer_cache, settings.threads, on_notice, backend=settings.backend
        )
        self.make_readers = make_readers or _reader_processes
        self._taggers: dict[tuple[int, int], StoredTagger] = {}

    @cached_property
    def catalog(self) -> Catalog:
        """The library's catalog. It is created if there is none, and made private unless the library is shared."""
        file = self._place.file
        if file is None:
            make_folder(self.settings.library)
            return self._found or self._place.open()
        is_new = not file.exists()
        if self.settings.shared:
            make_shared(file)
        # Opened first: permissions of a folder with a foreign file of that name stay as they are.
        catalog = self._place.open()
        if not self.settings.shared and tighten(self.settings.library) and not is_new:
            self._on_tightened()
        return catalog

    @property
    def is_new(self) -> bool:
        """True if the library has no catalog yet. A server is asked, until there is one; raises if it cannot be.

        If there is one on a server, this machine's folder for it is made.
        """
        file = self._place.file
        if file is not None:
            return not file.exists()
        if "catalog" not in self.__dict__ and self._found is None:
            self._found = self._place.open_if_any()
            if self._found is None:
                return True
            # On a machine that is new to this catalog: locks, logs and keys are in it.
            make_folder(self.settings.library)
        return False

    @property
    def _place(self) -> CatalogPlace:
        return self.settings.catalog_place

    def empty_error(self) -> EmptyLibrary:
        """The error for a library without photos. It names the demo's library if there is one elsewhere."""
        demo = CatalogPlace(demo_path() / "library")
        is_elsewhere = self._place != demo and demo.identity() is not None
        where = self.settings.library if self._place.address is None else self._place.name
        return EmptyLibrary(where, demo.library if is_elsewhere else None)

    @property
    def catalog_if_any(self) -> Catalog | None:
        """The library's catalog. If there is none, the value is None and nothing is created."""
        return None if self.is_new else self.catalog

    @property
    def space_if_any(self) -> Space | None:
        """The space of the library's checkpoint, with photos or without; None before one was chosen."""
        if self.is_new:
            return None
        with self.catalog.read() as t:
            space_id = t.library.space_id()
            return None if space_id is None else t.spaces.get(space_id)

    @property
    def model_reference(self) -> str | None:
        """The library's checkpoint as the user named it; None before one was chosen."""
        if self.is_new:
            return None
        with self.catalog.read() as t:
            return t.library.model()

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """Begin a transaction that reads the catalog, and read `space` in it, so that it needs none of its own.

        Raises `EmptyLibrary`, and creates nothing, if there are no photos.
        """
        if self.is_new:
            raise self.empty_error()
        with self.catalog.read() as t:
            if "space" not in self.__dict__:
                self.space = self._space_in(t)
            yield t

    @cached_property
    def space(self) -> Space:
        """The space that is searched. Raises `EmptyLibrary`, and creates nothing, if there is none."""
        if self.is_new:
            raise self.empty_error()
        with self.catalog.read() as t:
            return self._space_in(t)

    def _space_in(self, t: Transaction) -> Space:
        space_id = t.library.space_id()
        if space_id is None or not t.photos.any():
            raise self.empty_error()
        return t.spaces.get(space_id)

    def follow_switch(self) -> None:
        """Forget the space that was searched, if another one answers by now."""
        if "space" in self.__dict__ and not self.is_new:
            with self.catalog.read() as t:
                space_id = t.library.space_id()
            if space_id != self.space.id:
                for name in ("space", "index"):
                    self.__dict__.pop(name, None)

    def in_space(self, name: str | None) -> OpenLibrary:
        """The same library, searched in the space of that name; None for the one that answers.

        It shares the catalog, and need not be closed. Raises `UnknownSpace`, and `EmptyLibrary` without photos.
        """
        if name is None:
            return self
        with self.read() as t:
            # By now the catalog is open, and shared.
            other = copy(self)
            other.space = find_space(t.spaces.all(), name)
        other.__dict__.pop("index", None)
        return other

    @cached_property
    def queue(self) -> WorkQueue | None:
        """The queue of work that machines share; None for a catalog that is none on a server."""
        if self.settings.catalog is None:
            return None
        from store.queue.procrastinate_queue import queue_of  # noqa: PLC0415 - its packages are an extra

        return queue_of(self.catalog)

    @cached_property
    def unit_scorer(self) -> UnitScorer:
        """Scores units of re-tags. It keeps the labels of the last one."""
        from query.tagging import UnitScorer  # noqa: PLC0415 - workers alone need it

        return UnitScorer(self.catalog)

    def tagger(self, space: Space, revision: Revision, texts: TextVectors) -> StoredTagger:
        """The tagger of new photos, where no vocabulary is in force one by *revision*.

        It is the same one for the same revision: it keeps the vectors of thousands of labels.
        """
        from query.tagging import StoredTagger  # noqa: PLC0415 - searches tag nothing

        key = space.id, revision.id
        if key not in self._taggers:
            self._taggers[key] = StoredTagger(self.catalog, space, revision, texts)
        return self._taggers[key]

    def with_parts(self, encoders: EncoderFactory, make_readers: MakeReaders) -> OpenLibrary:
        """The same library with other makers of encoders and readers. It shares the catalog, and need not be closed."""
        other = copy(self)
        other.encoders, other.make_readers = encoders, make_readers
        # Opened here, or each of both would open its own.
        other.__dict__["catalog"] = self.catalog
        return other

    @cached_property
    def index(self) -> VectorIndex:
        """The vector index of the space that is searched."""
        return self.index_of(self.space)

    def index_of(self, space: Space) -> VectorIndex:
        """The vector index of *space*."""
        return vector_index(self.catalog, self.settings.index_folder, space)

    def text_vectors(
        self, space: Space, on_truncated: Callable[[str], None] | None = None, checkpoint: Checkpoint | None = None
    ) -> TextVectors:
        """Vectors of texts in *space*. The encoder is loaded for the first text that has no stored vector.

        *on_truncated* is called with each new text that is longer than the model reads. *checkpoint* is the opened
        one of the space, if the caller has it.
        """

        def encoder() -> EncodeTexts:
            made = self.text_encoder(checkpoint or self.checkpoint_of(space))
            return (made if on_truncated is None else TruncationReporter(made, on_truncated)).encode_text

        return TextVectors(self.catalog, space, encoder, self.settings.remembered_searches)

    def text_encoder(self, checkpoint: Checkpoint) -> TextEncoder:
        """The checkpoint's text encoder."""
        return self.encoders.text(checkpoint, self.settings.device)

    def image_encoder(self, checkpoint: Checkpoint, precision: str | None) -> ImageEncoder:
        """The checkpoint's image encoder."""
        return self.encoders.image(checkpoint, self.settings.device, precision)

    def space_image_encoder(self, space: Space) -> ImageEncoder:
        """The image encoder of *space*: its checkpoint at its precision."""
        return self.image_encoder(self.checkpoint_of(space), space.identity.precision)

    def readers(
        self, preprocessing: Preprocessor, beside: Preprocessor | None = None
    ) -> AbstractContextManager[Readers]:
        """Readers that decode files for a checkpoint with that preprocessing, and for one *beside*."""
        return self.make_readers(preprocessing, self.settings.workers or self._readers_for_gpu(), beside)

    def _readers_for_gpu(self) -> int | None:
        """One reader a core where a GPU waits for them; None for the usual number."""
        from photos.models import has_gpu  # noqa: PLC0415 - as below

        device = self.settings.device
        is_gpu = has_gpu() if device in {None, "auto"} else device != "cpu"
        return os.cpu_count() if is_gpu else None

    def checkpoint_of(self, space: Space) -> Checkpoint:
        """The checkpoint that *space* was made with. Raises `ModelChanged` if its weights have changed."""
        from photos import models  # noqa: PLC0415 - a search for remembered words needs no checkpoint

        return models.reopen(self.catalog, self.settings, space)

    def choose_model(self, requested: str | None, patches: int | None = None) -> Model:
        """Choose the library's model and remember it; see `models.choose_model`."""
        from photos import models  # noqa: PLC0415 - as above

        return models.choose_model(self.catalog, self.settings, requested, patches)

    def close(self) -> None:
        """Close the catalog if it was opened."""
        catalog = self.__dict__.get("catalog", self._found)
        if catalog is not None:
            catalog.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class SiglipEncoders:
    """The SigLIP encoders. They compute with *threads* threads, or as many as torch chooses if it is None.

    Tokenizers are cached in the folder *tokenizer_cache*. *on_notice* is called once with each sentence about devices.
    Those are the devices of *machine*, or of this machine if it is None. Image encoders are those of *backend*, "own"
    or "transformers".
    """

    def __init__(
        self,
        tokenizer_cache: Path,
        threads: int | None = None,
        on_notice: Callable[[str], None] = lambda _sentence: None,
        machine: Machine | None = None,
        backend: str = "own",
    ) -> None:
        self._tokenizer_cache = tokenizer_cache
        self._threads = threads
        self._on_notice = on_notice
        self._machine = machine
        self._backend = backend
        self._told: set[str] = set()

    def _tell(self, sentence: str) -> None:
        if sentence not in self._told:
            self._told.add(sentence)
            self._on_notice(sentence)

    def image(self, checkpoint: Checkpoint, device: str | None, precision: str | None) -> ImageEncoder:
        """The checkpoint's image encoder, on *device* or the best available one."""
        from indexer.models.siglip.encoders import UnchangedImageEncoder, image_encoder  # noqa: PLC0415 - most commands need none

        self._limit_threads()
        return UnchangedImageEncoder(
            checkpoint,
            lambda: image_encoder(
                checkpoint, device, precision, self._backend, machine=self._machine, on_notice=self._tell
            ),
        )

    def text(self, checkpoint: Checkpoint, device: str | None) -> TextEncoder:
        """The checkpoint's text encoder, on *device* or the best one. A few texts on the CPU need no torch."""
        from indexer.models.siglip.encoders import UnchangedTextEncoder, text_encoder  # noqa: PLC0415 - as above

        return UnchangedTextEncoder(
            checkpoint,
            lambda: text_encoder(
                checkpoint, self._tokenizer_cache, device, self._limit_threads, self._threads, self._tell
            ),
        )

    def _limit_threads(self) -> None:
        if self._threads is not None:
            from indexer.models.backends.devices import limit_threads  # noqa: PLC0415 - this loads torch

            limit_threads(self._threads)


def _reader_processes(
    preprocessing: Preprocessor, count: int | None, beside: Preprocessor | None
) -> AbstractContextManager[Readers]:
    from indexer import ProcessReaders  # noqa: PLC0415 - searches decode nothing

    return ProcessReaders(preprocessing, count, beside)
