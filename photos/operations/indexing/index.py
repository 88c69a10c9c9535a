"""Indexing: bring a library up to date with its folders, and its tags up to date with the vocabularies in force."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import cache, lru_cache

from indexer import (
    BeforeBatch,
    ImageEncoder,
    IndexReport,
    PipelineRequest,
    Subtree,
    decoders,
    index_folders,
    run_pass,
)
from indexer.files.scan import WHOLE
from photos.errors import NoQueue
from photos.library import OpenLibrary
from photos.models import Model
from photos.operations.file_places import follow_files
from photos.operations.folders import absolute, check_patterns, checked, move, register, scope, whereabouts
from photos.operations.models.trials import destination_beside, trial_problem
from photos.operations.progress import SILENT, Progress, Stage, Wait, Waiting, steps
from photos.operations.tagging.retag import finish_pending
from photos.operations.tagging.revisions import current_revision, ensure_vocabulary
from photos.operations.unit_worker import do_units
from photos.thumbnails.keeper import CacheKeeper
from photos.thumbnails.thumbnails import thumbnail_cache
from query.errors import Superseded
from query.tagging import RetagOptions, StoredTagger, is_due, refresh_taught_labels, retag
from store import MAIN_SLOT, Folder, Outcome, Problem, Revision, Space, Transaction
from store.catalog.keeper_lock import keeper_of
from store.paths import is_inside
from store.queue.base import UnitEnded

from .encode_unit import encode_unit
from .file_units import ENCODE
from .queued_files import QueuedFiles


@dataclass(frozen=True, slots=True)
class AddRequest:
    """Folders to register and index. `moved` are pairs of a registered path and its new one."""

    folders: Sequence[str] = ()
    #: Patterns in the syntax of .gitignore, for each of the folders.
    excludes: Sequence[str] = ()
    moved: Sequence[tuple[str, str]] = ()
    #: Checkpoint of a library that has none yet: a name, a hub id or a folder.
    model: str | None = None
    #: Patches that a picture has at most, for a NaFlex checkpoint of a library that has no photos yet.
    patches: int | None = None
    #: As in `PassOptions`.
    waits: bool = True


@dataclass(frozen=True, slots=True)
class IndexRequest:
    """Registered folders, or folders within or around them, to index; all if none is named."""

    folders: Sequence[str] = ()
    #: Forget missing photos even where they are more than a hundred and a tenth of a folder's.
    confirm_removals: bool = False
    #: Check the checksum of every embedding, and embed photos with damaged ones again.
    check_embeddings: bool = False
    #: As in `PassOptions`.
    waits: bool = True


@dataclass(frozen=True, slots=True)
class IndexResult:
    """Result of indexing `folders`, which took `seconds`. Photos and indexed files are those of the whole library."""

    folders: tuple[Folder, ...]
    report: IndexReport
    photos: int
    files: int
    #: Files in these folders that could not be indexed, those of earlier runs included.
    problems: tuple[Problem, ...]
    seconds: float
    #: Offline folders, and where their files seem to be now.
    moved: tuple[tuple[bytes, bytes], ...] = ()


@dataclass(frozen=True, slots=True)
class Resumed:
    """Event: the last run was interrupted. Its finished work was kept, and this run goes on from there."""


@dataclass(frozen=True, slots=True)
class PassOptions:
    """Options of one pass over folders; see `indexer.index_folders`."""

    confirm_removals: bool = False
    check_embeddings: bool = False
    #: Parts of each folder to scan, by the folder's id; None for all of every folder.
    within: Mapping[int, Sequence[Subtree]] | None = None
    #: Seconds since its last change before a file is read.
    min_age: float = 0
    #: Gives the image encoder of a space, called when there is something to embed; None for the model's own.
    image_encoder: Callable[[Space], ImageEncoder] | None = None
    #: Called before each batch; see `indexer.pipeline.records`.
    before_batch: BeforeBatch = lambda _store: None
    #: Wait for workers, where they index the files; otherwise a later pass does what depends on these.
    waits: bool = True


def add(library: OpenLibrary, request: AddRequest, progress: Progress = SILENT) -> IndexResult:
    """Register the folders, then index them.

    Raises `BadPattern`, `MissingFolder`, `UnknownFolder` or `FolderCovered` for the folders, and the errors of
    `models.choose_model`.
    """
    started = time.perf_counter()
    check_patterns(request.excludes)
    paths = [checked(folder) for folder in request.folders]
    moves = [(absolute(old), checked(new)) for old, new in request.moved]
    _begin(library, progress)
    model = library.choose_model(request.model, request.patches)
    with library.catalog.write() as t:
        folders = [move(t, old, new) for old, new in moves]
        folders += [register(t, path, request.excludes) for path in paths]
    return _index(library, model, folders, PassOptions(waits=request.waits), progress, started)


def index(library: OpenLibrary, request: IndexRequest, progress: Progress = SILENT) -> IndexResult:
    """Index registered folders, or the parts of them that were named.

    Raises `EmptyLibrary` if there are none, `UnknownFolder`, and `MissingFolder` for a part that never existed.
    """
    started = time.perf_counter()
    if library.is_new:
        raise library.empty_error()
    with library.catalog.read() as t:
        within = _parts(t, request.folders) if request.folders else None
        folders = [folder for folder in t.folders.all() if within is None or folder.id in within]
    if not folders:
        raise library.empty_error()
    if within is not None and all(WHOLE in parts for parts in within.values()):
        # A pass over whole folders also finds photos that lack an embedding.
        within = None
    options = PassOptions(request.confirm_removals, request.check_embeddings, within, waits=request.waits)
    _begin(library, progress)
    model = library.choose_model(None)
    return _index(library, model, folders, options, progress, started)


def _parts(t: Transaction, named: Sequence[str]) -> dict[int, list[Subtree]]:
    """Return the parts of registered folders, by their ids, that lie below the *named* folders."""
    parts: dict[int, list[Subtree]] = {}
    for wanted in [scope(t, name) for name in named]:
        for folder in t.folders.all():
            if folder.path == wanted or is_inside(folder.path, wanted):
                parts[folder.id] = [WHOLE]
            elif is_inside(wanted, folder.path) and WHOLE not in parts.get(folder.id, []):
                part = Subtree(os.path.relpath(wanted, folder.path), is_deep=True)
                parts.setdefault(folder.id, []).append(part)
    return parts


def retry_failed(library: OpenLibrary, progress: Progress = SILENT) -> IndexResult:
    """Index all folders, and read again every file that could not be indexed. Raises `EmptyLibrary`."""
    if library.is_new:
        raise library.empty_error()
    with library.catalog.write() as t:
        t.files.forget_problems()
    return index(library, IndexRequest(), progress)


def bring_up_to_date(
    library: OpenLibrary,
    model: Model,
    folders: Sequence[Folder],
    progress: Progress = SILENT,
    options: PassOptions | None = None,
) -> IndexReport:
    """Index *folders*, tag new photos with all vocabularies in force, and finish pending re-tags.

    `add`, `index`, the demo and each pass of the daemon do this. *progress* receives the indexer's events and a `Step`
    for each batch of encoded labels.
    """
    options = options or PassOptions()
    tagging = _Tagging(library, model, progress, is_model_fixed=options.image_encoder is None)
    revision = tagging.prepare()
    if options.within is None:
        _retry_after_decoder_upgrade(library)
    tagger = tagging.tagger(revision)
    progress.report(Waiting(Wait.SCAN))
    report = _index_files(library, model, folders, progress, options, tagger)
    progress.report(Waiting(Wait.TAGS))
    tagging.finish()
    if report.moved or report.gone or report.left_out or report.companions:
        follow_files(library)
    library.index_of(model.space).refresh(steps(progress, Stage.BUILD_INDEX))
    return report


def _index(
    library: OpenLibrary,
    model: Model,
    folders: Sequence[Folder],
    options: PassOptions,
    progress: Progress,
    started: float,
) -> IndexResult:
    folders = tuple(dict.fromkeys(folders))
    report = bring_up_to_date(library, model, folders, progress, options)
    with library.catalog.read() as t:
        photos, files = t.photos.count(), t.files.counts().get(Outcome.INDEXED, 0)
        problems = tuple(problem for problem in t.files.problems() if _is_in(problem, folders))
        places = [(folder.path, whereabouts(t, folder)) for folder in report.offline]
    moved = tuple((old, new) for old, new in places if new is not None)
    return IndexResult(folders, report, photos, files, problems, time.perf_counter() - started, moved)


def _begin(library: OpenLibrary, progress: Progress) -> None:
    """Report that the last run was interrupted, if it was, and that the model is loaded next."""
    catalog = library.catalog_if_any
    if catalog is not None:
        with catalog.read() as t:
            was_interrupted = t.library.is_indexing() and keeper_of(t) is None
        if was_interrupted and not _is_kept_by_daemon(library):
            progress.report(Resumed())
    progress.report(Waiting(Wait.MODEL))


def _is_kept_by_daemon(library: OpenLibrary) -> bool:
    from photos.lock import running_daemon  # noqa: PLC0415 - only after an interruption

    return running_daemon(library.settings.library) is not None


def _retry_after_decoder_upgrade(library: OpenLibrary) -> None:
    """Read files that could not be indexed again if the decoders have changed since."""
    now = decoders()
    with library.catalog.read() as t:
        before = t.library.decoders()
    if before != now:
        with library.catalog.write() as t:
            t.files.forget_problems()
            t.library.read_with(now)


def _index_files(
    library: OpenLibrary,
    model: Model,
    folders: Sequence[Folder],
    progress: Progress,
    options: PassOptions,
    tagger: StoredTagger,
) -> IndexReport:
    @lru_cache(1)
    def own_encoder() -> ImageEncoder:
        if options.image_encoder is not None:
            return options.image_encoder(model.space)
        progress.report(Waiting(Wait.MODEL))
        return library.image_encoder(model.checkpoint, model.space.identity.precision)

    request = PipelineRequest(
        folders=folders,
        space=model.space,
        batch_size=library.settings.batch_size,
        confirm_removals=options.confirm_removals,
        within=options.within,
        min_age=options.min_age,
        pair=library.settings.companions,
        follow=library.settings.follow_links,
        check_embeddings=options.check_embeddings,
    )
    if library.settings.queue:
        return _index_by_workers(library, request, progress, tagger, waits=options.waits)
    beside = destination_beside(library, model.space, options.image_encoder)
    second = None if beside is None else library.checkpoint_of(beside.space).preprocessing
    with library.readers(model.checkpoint.preprocessing, second) as readers, _keeper(library) as keeper:
        report = index_folders(
            library.catalog,
            request,
            readers=readers,
            image_encoder=own_encoder,
            tagger=tagger,
            progress=progress,
            before_batch=options.before_batch,
            beside=beside,
            thumbnails=keeper,
        )
    if keeper is not None:
        report.without_thumbnails = keeper.problem
    if beside is None and (report.embedded or report.alike) and (problem := trial_problem(library)) is not None:
        library.on_notice(problem)
    return report


def _index_by_workers(
    library: OpenLibrary, request: PipelineRequest, progress: Progress, tagger: StoredTagger, *, waits: bool
) -> IndexReport:
    """Let workers index the files that the pass finds. Raises `NoQueue` if the catalog is none on a server.

    The vectors of all labels in force are stored before: each worker would make its own, which differ in the last bits.
    """
    queue = library.queue
    if queue is None:
        raise NoQueue
    report = IndexReport()
    beside = destination_beside(library, request.space)

    @cache
    def prepare() -> None:
        tagger.prepare()
        if beside is not None and beside.tagger is not None:
            beside.tagger.prepare()

    def work(on_unit: Callable[[], object]) -> None:
        do_units(
            library, {ENCODE: encode_unit}, lambda each: on_unit() if isinstance(each, UnitEnded) else None, drain=True
        )

    stage = QueuedFiles(
        library.catalog,
        queue,
        request.folders,
        request.space,
        report,
        progress,
        library.on_notice,
        waits=waits,
        prepare=prepare,
        work=work,
    )
    run_pass(library.catalog, request, stage, report, progress)
    return report


@contextmanager
def _keeper(library: OpenLibrary) -> Iterator[CacheKeeper | None]:
    """The keeper of the thumbnails of one pass; None if the setting turns them off."""
    if not library.settings.thumbnails:
        yield None
        return
    with closing(thumbnail_cache(library.settings)) as cache:
        yield CacheKeeper(cache)


class _Tagging:
    """Tags of one pass: pending re-tags before and after it, the tagger of new photos, and calibration.

    With *is_model_fixed* the model was opened for this pass, so its checkpoint needs no second check.
    """

    def __init__(self, library: OpenLibrary, model: Model, progress: Progress, *, is_model_fixed: bool) -> None:
        self._library = library
        self._model = model
        self._space = model.space
        self._progress = progress
        self._on_text = steps(progress, Stage.ENCODE_LABELS)
        self._texts = library.text_vectors(model.space, checkpoint=model.checkpoint if is_model_fixed else None)

    def prepare(self) -> Revision:
        """Finish re-tags that were interrupted. Returns the revision in force, the default's if there was none."""
        with self._library.catalog.read() as t:
            revision = current_revision(t, MAIN_SLOT, self._space)
            is_pending = bool(t.slots.of(self._space.id).pending())
        if revision is None:
            revision = ensure_vocabulary(self._library.catalog, self._model.reference)
        if is_pending:
            self._finish_pending()
            with self._library.catalog.read() as t:
                revision = current_revision(t, MAIN_SLOT, self._space) or revision
        return revision

    def tagger(self, revision: Revision) -> StoredTagger:
        """The tagger of new photos."""
        return StoredTagger(self._library.catalog, self._space, revision, self._texts, self._on_text)

    def finish(self) -> None:
        """Tag again where new photos require it: new examples of labels, an outgrown calibration, pending re-tags."""
        catalog = self._library.catalog
        with catalog.read() as t:
            in_force = [current_revision(t, name, self._space) for name in t.slots.names()]
            is_outgrown = is_due(t, self._space)
        for revision in in_force:
            if revision is not None:
                refresh_taught_labels(catalog, self._space, revision)
        if is_outgrown:
            self._calibrate()
        self._finish_pending()

    def _calibrate(self) -> None:
        catalog = self._library.catalog
        with catalog.read() as t:
            current = current_revision(t, MAIN_SLOT, self._space)
        if current is not None:
            # Another process may be doing the same.
            with suppress(Superseded):
                retag(
                    catalog,
                    self._space,
                    current,
                    self._texts,
                    RetagOptions(only_if_target=True),
                    text_progress=self._on_text,
                )

    def _finish_pending(self) -> None:
        finish_pending(self._library, self._space, self._progress, self._texts)


def _is_in(problem: Problem, folders: Sequence[Folder]) -> bool:
    return any(is_inside(problem.path, folder.path) for folder in folders)
