"""Filling of a space that does not answer: photos that the catalog knows are embedded in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from indexer.workers.pool import Readers
from store import Catalog, File, Folder

from .batch import BatchWriter
from .encode_ahead import EncodeThread
from .file_indexer import CatalogReadContext, FileIndexer
from .read_requests import requests_for
from .records import BeforeBatch, IndexReport, PipelineProgress, ReadingBegins
from .space_embedder import Destination


def fill_space(
    catalog: Catalog,
    destination: Destination,
    files: Iterable[File],
    folders: Sequence[Folder],
    *,
    readers: Readers,
    progress: PipelineProgress,
    batch_size: int | None = None,
    before_batch: BeforeBatch = lambda _store: None,
) -> IndexReport:
    """Embed the photos of *files*, which lie in *folders*, in the space of *destination*.

    A file that is away, that cannot be read, or that has another content by now is passed over: the next pass over its
    folder sees to it. Every batch is stored when it is encoded, so the next call goes on from there. *before_batch* is
    called before each batch, and may block. Raises the errors of the store and of the encoder.
    """
    report = IndexReport()
    requests = requests_for(files, folders)
    progress.report(ReadingBegins(len(requests)))
    with EncodeThread() as thread:
        writer = BatchWriter(catalog, destination, thread)
        context = CatalogReadContext(catalog, destination.space, only_known=True)
        FileIndexer(context, batch_size, readers, writer, report, progress, before_batch).index(requests, is_last=True)
    return report
