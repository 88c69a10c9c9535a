"""Bringing a library up to date with the disk: what `add`, `index` and the demo have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache

from indexer import ImageEncoder, IndexReport, IndexRequest, Progress, Subtree, decoders, index_folders
from photos.library import OpenLibrary
from photos.operations.models import Model
from query.errors import Superseded
from query.tagging import RetagReport, StoredTagger, is_due, pending_revision_ids, renewed, retag
from store import Folder, Revision, Space

#: Hears how many of how many are done.
Told = Callable[[int, int], None] | None
#: Pictures that are encoded and kept together: few enough that an interruption costs little.
BATCH_SIZE = 32


def bring_up_to_date(
    app: OpenLibrary,
    model: Model,
    folders: Sequence[Folder],
    progress: Progress,
    told_texts: Told = None,
    *,
    embedder: Callable[[], ImageEncoder] | None = None,
    confirm_removals: bool = False,
    within: Mapping[int, Sequence[Subtree]] | None = None,
    min_age: float = 0,
    check_embeddings: bool = False,
    breathe: Callable[[], None] = lambda: None,
) -> IndexReport:
    """Index *folders* and tag what is new with all vocabularies in force; finish re-tags that were interrupted.

    *embedder* gives the image tower, if it is kept from call to call; the rest is as in `index_folders`.
    """
    revision = ensure_vocabulary(app.catalog, model.reference)
    texts = app.texts(model.space)
    finish_pending(app, model.space, _Texts(told_texts))
    with app.catalog.read() as t:
        revision = current_revision(t) or revision
    if within is None:
        _look_again_with_new_decoders(app)
    request = IndexRequest(
        folders=folders,
        space=model.space,
        batch_size=app.settings.batch_size or BATCH_SIZE,
        confirm_removals=confirm_removals,
        within=within,
        min_age=min_age,
        pair=app.settings.companions,
        follow=app.settings.follow_links,
        check_embeddings=check_embeddings,
    )
    with app.readers(model.checkpoint.preprocessing) as readers:
        report = index_folders(
            app.catalog,
            request,
            readers=readers,
            image_encoder=embedder or lru_cache(1)(lambda: app.embedder(model.space)),
            tagger=StoredTagger(app.catalog, model.space, revision, texts, told_texts),
            progress=progress,
            before_batch=breathe,
        )
    _renew(app, model.space)
    with app.catalog.read() as t:
        has_outgrown = is_due(t, model.space)
        current = current_revision(t)
    if has_outgrown and current is not None:
        # Another process may be doing the same.
        with suppress(Superseded):
            retag(app.catalog, model.space, current, texts, text_progress=told_texts, if_wanted=True)
    finish_pending(app, model.space, _Texts(told_texts))
    app.index_of(model.space).refresh()
    return report


def _look_again_with_new_decoders(app: OpenLibrary) -> None:
    now = decoders()
    with app.catalog.read() as t:
        before = t.library.decoders()
    if before != now:
        with app.catalog.write() as t:
            t.files.forget_problems()
            t.library.read_with(now)


def _renew(app: OpenLibrary, space: Space) -> None:
    """Photos that came may be examples of labels: those are made anew, and then owe a re-tag."""
    with app.catalog.read() as t:
        in_force = [current_revision(t, name) for name in t.namespaces.names()]
    for revision in in_force:
        if revision is not None:
            renewed(app.catalog, space, revision)


class _Texts:
    """Receiver of progress that passes on how many labels' texts are encoded."""

    def __init__(self, told: Told) -> None:
        self._told = told

    def report(self, event: Event, /) -> None:
        """Pass on a step of the encoding."""
        if (
            self._told is not None
            and isinstance(event, Step)
            and event.stage is Stage.ENCODE_LABELS
            and event.total is not None
        ):
            self._told(event.done, event.total)
