"""Bringing a library up to date with the disk: what `add`, `index` and the demo have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache

from indexer import ImageEncoder, IndexReport, Progress, Subtree, decoders, index_folders
from photos.library import OpenLibrary
from photos.operations import vocabularies
from photos.operations.models import Model
from query import RetagReport, StoredTagger, Superseded, is_due, refresh_taught_labels, retag
from store import Folder, Revision, Space

#: Hears how many of how many are done.
Told = Callable[[int, int], None] | None
#: Hears of a re-tag: in which namespace, with what, and what it did.
Retagged = Callable[[str, Revision, RetagReport], None]
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
    revision = vocabularies.ensure_one(app.catalog, model.reference)
    texts = app.texts(model.space)
    finish_owed(app, model.space, told_texts)
    with app.catalog.read() as t:
        revision = vocabularies.current_revision(t) or revision
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
    _renew(app, model.space)
    with app.catalog.read() as t:
        has_outgrown = is_due(t, model.space)
        current = vocabularies.current_revision(t)
    if has_outgrown and current is not None:
        # Another process may be doing the same.
        with suppress(Superseded):
            retag(app.catalog, model.space, current, texts, text_progress=told_texts, only_if_target=True)
    finish_owed(app, model.space, told_texts)
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


def tag_again(
    app: OpenLibrary,
    revision: Revision,
    told_texts: Told = None,
    told_photos: Told = None,
    *,
    namespace: str = "",
    folders: Sequence[bytes] | None = None,
    calibrate_anew: bool = False,
    only_if_target: bool = False,
    tell_others: Retagged | None = None,
) -> RetagReport:
    """Put *revision* in force and score the stored embeddings with it. No picture is opened.

    *told_texts* hears how far the encoding of new labels has come, *told_photos* how far the tagging has. *namespace*,
    *folders* and *only_if_target* are as in `retag`. If the library is calibrated anew, or labels learnt from examples
    that came, the other vocabularies in force are brought up to date, too, and *tell_others* hears of each.
    """
    space = app.space
    with app.catalog.read() as t:
        before = t.calibrations.current(space.id)
    newest = refresh_taught_labels(app.catalog, space, revision)
    report = retag(
        app.catalog,
        space,
        newest,
        app.texts(space),
        told_photos,
        told_texts,
        slot=namespace,
        folders=folders,
        calibrate_anew=calibrate_anew,
        only_if_target=only_if_target,
    )
    with app.catalog.read() as t:
        is_new = t.calibrations.current(space.id) != before
    # A label may be in several vocabularies.
    if is_new or newest is not revision:
        finish_owed(app, space, told_texts, told_photos, tell_others)
    return report


def _renew(app: OpenLibrary, space: Space) -> None:
    """Photos that came may be examples of labels: those are made anew, and then owe a re-tag."""
    with app.catalog.read() as t:
        in_force = [vocabularies.current_revision(t, name) for name in t.slots.names()]
    for revision in in_force:
        if revision is not None:
            refresh_taught_labels(app.catalog, space, revision)


def finish_owed(
    app: OpenLibrary,
    space: Space,
    told_texts: Told = None,
    told_photos: Told = None,
    tell: Retagged | None = None,
) -> None:
    """Do the re-tags that are owed, in each namespace by itself; *tell* hears what each did.

    One that another process takes over, or whose namespace is dropped meanwhile, is left to that.
    """
    with app.catalog.read() as t:
        waiting = {name: t.vocabularies.revision(key) for name, key in t.slots.pending().items()}
    for namespace, revision in waiting.items():
        try:
            report = retag(
                app.catalog,
                space,
                revision,
                app.texts(space),
                told_photos,
                told_texts,
                slot=namespace,
                only_if_target=True,
            )
        except Superseded:
            continue
        if tell is not None:
            tell(namespace, revision, report)
