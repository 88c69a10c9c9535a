"""Bringing a library up to date with the disk: what `add`, `index` and the demo have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from indexer import Embedder, IndexReport, Progress, Subtree, decoders, index_folders
from photos import vocabularies
from photos.app import App
from photos.models import Model
from query import RetagReport, StoredTagger, is_due, renewed, retag
from store import Folder, Revision

#: Hears how many of how many are done.
Told = Callable[[int, int], None] | None
#: Pictures that are encoded and kept together: few enough that an interruption costs little.
BATCH_SIZE = 32


def bring_up_to_date(
    app: App,
    model: Model,
    folders: Sequence[Folder],
    progress: Progress,
    told_texts: Told = None,
    *,
    embedder: Callable[[], Embedder] | None = None,
    confirm_removals: bool = False,
    within: Mapping[int, Sequence[Subtree]] | None = None,
    min_age: float = 0,
    check_embeddings: bool = False,
    breathe: Callable[[], None] = lambda: None,
) -> IndexReport:
    """Index *folders* and tag what is new with the vocabulary in force; finish a re-tag that was interrupted.

    *embedder* gives the image tower, if it is kept from call to call; the rest is as in `index_folders`.
    """
    revision = vocabularies.ensure_one(app.catalog, model.reference)
    with app.catalog.read() as t:
        awaited = vocabularies.awaited(t, model.space)
    texts = app.texts(model.space)
    if awaited is not None:
        revision = awaited
        retag(app.catalog, model.space, revision, texts, text_progress=told_texts)
    if within is None:
        _look_again_with_new_decoders(app)
    with app.readers(model.checkpoint.preprocessing) as readers:
        report = index_folders(
            app.catalog,
            folders,
            model.space,
            embedder or lru_cache(1)(lambda: app.embedder(model.space)),
            StoredTagger(app.catalog, model.space, revision, texts, told_texts),
            progress,
            readers=readers,
            batch_size=app.settings.batch_size or BATCH_SIZE,
            confirm_removals=confirm_removals,
            within=within,
            min_age=min_age,
            pair=app.settings.companions,
            follow=app.settings.follow_links,
            check_embeddings=check_embeddings,
            breathe=breathe,
        )
    with app.catalog.read() as t:
        has_outgrown = is_due(t, model.space)
        current = vocabularies.in_force(t)
    if current is not None:
        # Photos that came may be examples of labels.
        newest = renewed(app.catalog, model.space, current)
        if has_outgrown or newest is not current:
            retag(app.catalog, model.space, newest, texts, text_progress=told_texts)
    app.index_of(model.space).refresh()
    return report


def _look_again_with_new_decoders(app: App) -> None:
    now = decoders()
    with app.catalog.read() as t:
        before = t.library.decoders()
    if before != now:
        with app.catalog.write() as t:
            t.files.forget_problems()
            t.library.read_with(now)


def tag_again(
    app: App,
    revision: Revision,
    told_texts: Told = None,
    told_photos: Told = None,
    *,
    calibrate_anew: bool = False,
) -> RetagReport:
    """Put *revision* in force and score the stored embeddings with it. No picture is opened.

    *told_texts* hears how far the encoding of new labels has come, *told_photos* how far the tagging has.
    """
    texts, newest = app.texts(app.space), renewed(app.catalog, app.space, revision)
    return retag(app.catalog, app.space, newest, texts, told_photos, told_texts, calibrate_anew=calibrate_anew)
