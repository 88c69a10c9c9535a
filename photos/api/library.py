"""A library for Python programs, with its checkpoints and its sidecars.

Each method calls one operation of `photos.operations`, as the command of the same name does.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from indexer.describers import Task
from photos.config import load
from photos.library import OpenLibrary
from photos.operations import doctor, duplicates, embed, folders, status, verify
from photos.operations.describing import captions as photo_captions
from photos.operations.describing import describe as describing
from photos.operations.describing.captions import PhotoCaptions
from photos.operations.describing.describe import DescribeRequest, DescribeResult, ForgottenDescriber
from photos.operations.doctor import Finding
from photos.operations.duplicates import DuplicatesRequest, DuplicatesResult
from photos.operations.folders import RemoveResult
from photos.operations.indexing import failed, index, prune
from photos.operations.indexing.index import AddRequest, IndexRequest, IndexResult
from photos.operations.indexing.prune import PruneRequest, PruneResult
from photos.operations.progress import SILENT, Progress
from photos.operations.searching import caption_vectors, explain, facets, photos, search, similar
from photos.operations.searching.chosen_photos import ChosenPhotos
from photos.operations.searching.explain import ExplainRequest, ExplainResult
from photos.operations.searching.facets import FACETS, FacetCount, FacetsRequest
from photos.operations.searching.requests import SearchRequest, SimilarRequest
from photos.operations.searching.search import SearchResult
from photos.operations.status import LibraryStatus
from photos.operations.tagging import ratings, retag, sidecars, source_comparison, tag_import, tags, teach
from photos.operations.tagging.ratings import RatedPhoto, RateRequest
from photos.operations.tagging.retag import RetagRequest, RetagResult
from photos.operations.tagging.sidecars import UndoRequest, WriteRequest
from photos.operations.tagging.source_comparison import CompareSourcesRequest
from photos.operations.tagging.tag_import import ImportTagsRequest, TagImport
from photos.operations.tagging.tags import PhotoHistory, PhotoTags, TagCount, TagRequest, TagsRequest
from photos.operations.tagging.teach import TaughtLabel, TeachRequest
from photos.operations.verify import VerifyRequest, VerifyResult
from photos.sidecars import CaptionsBy, UndoReport, WriteReport
from query.tagging import Comparison
from store.records import DescriberSummary, Photo, Problem, SidecarRun, SpaceIdentity, Vectors

from .arguments import AnyPath, AnyPhoto, known_patches, path_texts, photo_references, several
from .followed import Followed
from .models import Models
from .vocabularies import Vocabularies


class Library(Followed):
    """One open library. Another process may index or re-tag it at the same time; each call sees what was committed.

    Photos are named by id or by the path of a file. Folders, labels, texts and several photos are given as lists. Long
    methods report to a `photos.api.Progress`, which may raise `photos.api.Cancelled` to end them; finished work stays.

    All errors derive from `photos.api.PhotosError`, and `str` of each is a sentence for people. Methods raise
    `photos.errors.EmptyLibrary` where no photo was ever added.
    """

    def __init__(self, library: OpenLibrary) -> None:
        super().__init__(library)
        self.vocabularies = Vocabularies(library)
        self.models = Models(library)
        self.sidecars = Sidecars(library)

    @classmethod
    def open(cls, folder: AnyPath | None = None, **settings: object) -> Library:
        """Open the library in *folder*, or the one that the command line would use.

        *settings* are those of docs/commands.md, such as `device="cpu"`. All others are read from the environment and
        the configuration file. That a GPU cannot be used is a `RuntimeWarning`. Raises `photos.errors.SettingError`.
        """
        library = None if folder is None else Path(folder)
        return cls(OpenLibrary(load({"library": library, **settings}, dict(os.environ)), on_notice=_warn))

    # Folders

    def add(
        self,
        folders: Sequence[AnyPath],
        *,
        exclude: Sequence[str] = (),
        model: str | None = None,
        patches: int | None = None,
        progress: Progress = SILENT,
    ) -> IndexResult:
        """Register folders and index them. Returns what was found, embedded and left out.

        Pictures are read in processes that import the main module: call it below `if __name__ == "__main__":`.
        *exclude* are patterns in the syntax of .gitignore, in place of the folders' earlier ones; `[""]` clears them.
        *model* is the checkpoint of a library that has no photos, and *patches* the most patches of a picture in one
        of a NaFlex checkpoint: 256, 576 or 1024. Raises `MissingFolder`.
        """
        request = AddRequest(path_texts(folders), several(exclude), model=model, patches=known_patches(patches))
        return index.add(self._library, request, progress)

    def move(self, old: AnyPath, new: AnyPath, *, progress: Progress = SILENT) -> IndexResult:
        """Register that a folder is at *new* now, and index it there. Raises `UnknownFolder` or `MissingFolder`."""
        return index.add(self._library, AddRequest(moved=[(os.fspath(old), os.fspath(new))]), progress)

    def index(
        self, folders: Sequence[AnyPath] = (), *, confirm_removals: bool = False, progress: Progress = SILENT
    ) -> IndexResult:
        """Index registered folders, folders within or around them, or all. Returns what was found and embedded.

        Pending re-tags are finished, too. Photos whose files are missing are forgotten; where they are many, only with
        *confirm_removals*.
        Raises `UnknownFolder`.
        """
        request = IndexRequest(path_texts(folders), confirm_removals=confirm_removals)
        return index.index(self._library, request, progress)

    def remove(self, folder: AnyPath, *, dry_run: bool = False) -> RemoveResult:
        """Remove a folder from the library, and return the numbers of photos that went and are left.

        The folder on disk stays, and so do embeddings and tags, until `prune`. Raises `UnknownFolder`.
        """
        return folders.remove(self._library, os.fspath(folder), dry_run=dry_run)

    def failed(self) -> tuple[Problem, ...]:
        """Return the files that could not be indexed, with the reasons. Files that are no pictures are no failures."""
        return failed.failed_files(self._library).problems

    def retry(self, *, progress: Progress = SILENT) -> IndexResult:
        """Index all folders, and read again every file that could not be indexed. Returns the same as `index`."""
        return index.retry_failed(self._library, progress)

    # Searches

    def search(
        self,
        query: str,
        count: int | None = 10,
        offset: int = 0,
        *,
        sort: str = "relevance",
        min_score: float | None = None,
        stands_out: bool = False,
        group: bool = False,
        exact: bool = False,
        model: str | None = None,
        with_captions: bool = False,
    ) -> SearchResult:
        """Return the *count* photos, all if None, after *offset* better ones that *query* finds, with scores and tags.

        The query is one line, see docs/searching.md; filters alone list photos, newest first. The other arguments are
        the options of `photos search`; *stands_out* is `--min-score auto`, and *model* another model of the library.
        With captions, vectors of those that have none are made first, which takes long in a large library. Raises
        `query.errors.BadQuery`, or `photos.errors.UnknownSpace`.
        """
        request = SearchRequest(
            query=query,
            directory=os.getcwd(),
            top=count,
            offset=offset,
            sort=sort,
            min_score=min_score,
            stands_out=stands_out,
            group=group,
            exact=exact,
            model=model,
            with_captions=with_captions,
        )
        caption_vectors.embed_captions_for(self._library, request, SILENT)
        return search.search(self._library, request)

    def similar(
        self,
        path: AnyPath,
        count: int | None = 10,
        *,
        query: str = "",
        group: bool = False,
        model: str | None = None,
    ) -> SearchResult:
        """Return the *count* photos most like the picture at *path*, which need not be in the library.

        *query* is filters alone, which the photos must meet, and *model* another model of the library. Raises
        `query.errors.BadQuery`, or `photos.errors.UnknownSpace`.
        """
        request = SimilarRequest(
            image=os.fspath(path), directory=os.getcwd(), top=count, query=query, group=group, model=model
        )
        return similar.similar(self._library, request)

    def explain(self, path: AnyPath, query: str, *, model: str | None = None) -> ExplainResult:
        """Explain a photo's score and rank for *query*, which has no filters, by *model*, or the one that answers.

        Raises `query.errors.NotInLibrary`, or `photos.errors.UnknownSpace`.
        """
        request = ExplainRequest(image=os.fspath(path), query=query, directory=os.getcwd(), model=model)
        return explain.explain(self._library, request)

    def facets(self, names: Sequence[str] = FACETS, query: str = "") -> list[FacetCount]:
        """Return the values of facts and the number of photos of each, fact by fact, most photos first.

        *names* are "camera", "lens", "year", "folder" and "keyword"; *query* is filters alone, which limit the photos.
        Raises `query.errors.BadQuery`.
        """
        request = FacetsRequest(facets=tuple(several(names)), query=query, directory=os.getcwd())
        return facets.count_facets(self._library, request)

    # Tags

    def tags(self, photos: Sequence[AnyPhoto], threshold: float | None = None) -> list[PhotoTags]:
        """Return the tags of photos, in the order given. *threshold* is a probability."""
        return tags.photo_tags(self._library, TagsRequest(photos=photo_references(photos), threshold=threshold))

    def tag(
        self,
        photos: Sequence[AnyPhoto] = (),
        *,
        query: str | None = None,
        top: int | None = None,
        add: Sequence[str] = (),
        reject: Sequence[str] = (),
        clear: Sequence[str] = (),
    ) -> list[PhotoTags]:
        """Change manual tags, all or none, and return the photos' tags afterwards. Raises `query.errors.BadLabel`.

        A folder among *photos* stands for all photos below it. *query* adds the photos that it finds, the best *top* of
        them if it has words.
        """
        added, rejected, cleared = (tuple(several(labels)) for labels in (add, reject, clear))
        chosen = ChosenPhotos(photos=photo_references(photos), query=query, directory=os.getcwd(), top=top)
        request = TagRequest(chosen=chosen, add=added, reject=rejected, clear=cleared)
        return tags.tag(self._library, request)

    def rate(
        self,
        photos: Sequence[AnyPhoto] = (),
        stars: int | None = None,
        *,
        query: str | None = None,
        top: int | None = None,
    ) -> list[RatedPhoto]:
        """Give photos 0 to 5 stars, or -1 for rejected; None leaves the rating to their files. Returns the ratings.

        *photos*, *query* and *top* are as in `tag`. No file is changed. Raises `ValueError`.
        """
        chosen = ChosenPhotos(photos=photo_references(photos), query=query, directory=os.getcwd(), top=top)
        return ratings.rate(self._library, RateRequest(chosen=chosen, stars=stars))

    def tag_counts(self, threshold: float | None = None) -> list[TagCount]:
        """Return the library's tags and the number of photos of each, most frequent first."""
        return tags.tag_counts(self._library, threshold)

    def tag_history(self, photos: Sequence[AnyPhoto]) -> list[PhotoHistory]:
        """Return the manual and imported changes of photos' tags, oldest first."""
        return tags.tag_history(self._library, photo_references(photos))

    def import_tags(self, file: AnyPath, source: str) -> TagImport:
        """Import the tags of another program, *source*, from a file of CSV, JSON or text."""
        return tag_import.import_tags(self._library, ImportTagsRequest(os.fspath(file), source))

    def import_keywords(self, source: str = tag_import.KEYWORDS) -> TagImport:
        """Import the keywords in pictures and sidecars as tags of *source*."""
        return tag_import.import_keywords(self._library, source)

    def compare_sources(
        self, one: str, other: str, *more: str, query: str | None = None, top: int | None = None
    ) -> Comparison:
        """Compare sources of tags: "auto" or "siglip", "auto:SLOT", "user", or the sources of imports.

        *query* and *top* are as in `tag`: only these photos count.
        """
        request = CompareSourcesRequest(sources=(one, other, *more), query=query, directory=os.getcwd(), top=top)
        return source_comparison.compare_sources(self._library, request)

    # Tagging

    def retag(
        self, vocabulary: AnyPath | None = None, *, slot: str | None = None, progress: Progress = SILENT
    ) -> RetagResult:
        """Tag all photos with a vocabulary, in *slot* or as the main one, and return the finished re-tags.

        Without a vocabulary, the slot is brought up to date; without a slot, too, all are. No picture is opened.
        Raises `UnknownVocabulary`, `VocabularyError`, or `Superseded` if another process changed the slot during that.
        """
        name = None if vocabulary is None else os.fspath(vocabulary)
        return retag.retag(self._library, RetagRequest(vocabulary=name, slot=slot), progress)

    def calibrate(self, *, progress: Progress = SILENT) -> RetagResult:
        """Measure again how labels score over the library, tag with that, and return the finished re-tags."""
        return retag.calibrate(self._library, progress)

    def teach(
        self,
        label: str,
        *,
        yes: Sequence[AnyPath] = (),
        no: Sequence[AnyPath] = (),
        forget: Sequence[AnyPath] = (),
        dry_run: bool = False,
        progress: Progress = SILENT,
    ) -> TaughtLabel:
        """Add photos to the examples of a label, tag all photos with it, and return how it scores.

        *yes* show the label, *no* do not, and *forget* are no examples any more. The label may be new, and may begin
        with a slot, as `birds:heron`. A dry run keeps nothing. Raises `NotInLibrary`, `NoExample` or `NotAnExample`.
        """
        shows, shows_not, forgotten = (path_texts(photos) for photos in (yes, no, forget))
        request = TeachRequest(label=label, yes=shows, no=shows_not, forget=forgotten, dry_run=dry_run)
        return teach.teach(self._library, request, progress)

    def taught(self, label: str) -> TaughtLabel:
        """Return a label's examples and how it scores. Raises `query.errors.UnknownLabel`."""
        return teach.show_taught(self._library, label)

    # Descriptions

    def describe(
        self,
        photos: Sequence[AnyPhoto] | None = None,
        *,
        query: str | None = None,
        top: int | None = None,
        describer: str | None = None,
        tasks: Sequence[str] = (),
        again: bool = False,
        limit: int | None = None,
        remote: bool = False,
        progress: Progress = SILENT,
    ) -> DescribeResult:
        """Let another model describe photos, and return what became of them.

        *photos*, *query* and *top* are as in `tag`; without both photos and a query it is all of the library.
        *describer* is "endpoint" or a Florence-2 checkpoint, by default that of the settings. *tasks* are those of
        `photos describe --task`, by default caption and objects. Photos that have such a description are passed over
        unless *again*, and no more than *limit* are described. Only with *remote* may pictures go to an endpoint on the
        Internet. Raises `photos.errors.NoDescriber` or `DescribersBusy`, the errors of opening the describer, and
        `ValueError` for an unknown task.
        """
        request = DescribeRequest(
            chosen=_chosen(photos, query, top),
            describer=describer,
            tasks=tuple(Task(task) for task in several(tasks)),
            again=again,
            limit=limit,
            may_be_remote=remote,
        )
        return describing.describe(self._library, request, progress)

    def captions(
        self, photos: Sequence[AnyPhoto] = (), *, query: str | None = None, top: int | None = None
    ) -> list[PhotoCaptions]:
        """Return the caption of each photo's own files and its descriptions, newest first.

        *photos*, *query* and *top* are as in `tag`.
        """
        chosen = ChosenPhotos(photos=photo_references(photos), query=query, directory=os.getcwd(), top=top)
        return photo_captions.photo_captions(self._library, chosen)

    def describers(self) -> list[DescriberSummary]:
        """Return the describers with their numbers of photos and last times, the one that described last first."""
        return describing.list_describers(self._library)

    def forget_describer(self, name: str) -> ForgottenDescriber:
        """Delete all descriptions by a describer, and return their number. Raises `photos.errors.UnknownDescriber`."""
        return describing.forget_describer(self._library, name)

    # Photos and embeddings

    def photos(self, photo_ids: Sequence[int]) -> list[Photo]:
        """Return photos with their paths, metadata and content hashes. Unknown ids are left out."""
        return photos.photos_by_id(self._library, [int(photo_id) for photo_id in photo_ids])

    def find(self, path: AnyPath) -> Photo:
        """Return the photo of the file at *path*, by its path or its content. Raises `query.errors.NotInLibrary`."""
        return photos.find_photo(self._library, os.fspath(path))

    @property
    def space(self) -> SpaceIdentity:
        """The space of the embeddings: model, dimension, precision, logit scale and bias."""
        return self._library.space.identity

    def embeddings(self, batch_size: int = 4096) -> Iterator[Vectors]:
        """Yield the stored embeddings of all photos by ascending id, at most *batch_size* at a time.

        Each batch has `ids`, int64 (b,), and `matrix`, float32 (b, d), of unit vectors.
        """
        return embed.stored_embeddings(self._library, batch_size)

    def embed_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return unit vectors, float32 (n, d). New texts are encoded and stored."""
        return embed.embed_texts(self._library, several(texts))

    def embed_images(self, paths: Sequence[AnyPath], batch_size: int = 16) -> Iterator[NDArray[np.float32]]:
        """Yield unit vectors of picture files, float32 (b, d), at most *batch_size* at a time. Nothing is stored.

        Raises `photos.errors.UnreadablePicture` at the batch of a file that is no picture.
        """
        return embed.embed_images(self._library, path_texts(paths), batch_size)

    def scores(self, vectors: NDArray[np.float32], labels: Sequence[str]) -> NDArray[np.float32]:
        """Return cosines, float32 (n, k), of *vectors*, float32 (n, d), with labels, encoded as in a vocabulary."""
        return embed.label_scores(self._library, vectors, several(labels))

    def probabilities(self, cosines: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the model's probabilities, of the shape of *cosines*: sigmoid(cosine * exp(scale) + bias)."""
        return embed.model_probabilities(self._library, cosines)

    # Duplicates

    def duplicates(
        self,
        folders: Sequence[AnyPath] = (),
        *,
        exact: bool = False,
        min_cosine: float | None = None,
        max_bits: int | None = None,
        bursts: bool = False,
        progress: Progress = SILENT,
    ) -> DuplicatesResult:
        """Return groups of files that show the same picture, the best of each first; with a file in *folders*, if any.

        *exact* compares contents only. *min_cosine* is the least cosine of near-duplicates, *max_bits* the most bits by
        which their perceptual hashes may differ. *bursts* groups photos that one camera took at different times, too.
        """
        request = DuplicatesRequest(path_texts(folders), exact, min_cosine, max_bits, bursts)
        return duplicates.find_duplicates(self._library, request, progress)

    def removable_files(
        self,
        folders: Sequence[AnyPath] = (),
        *,
        exact: bool = False,
        min_cosine: float | None = None,
        max_bits: int | None = None,
        bursts: bool = False,
        progress: Progress = SILENT,
    ) -> DuplicatesResult:
        """Return the files whose deletion would lose no picture, only in *folders* if any. Nothing is deleted.

        The other arguments are those of `duplicates`. The best file of a group is never among them.
        """
        request = DuplicatesRequest(path_texts(folders), exact, min_cosine, max_bits, bursts, removable_only=True)
        return duplicates.find_duplicates(self._library, request, progress)

    # State and care

    def status(self) -> LibraryStatus:
        """Return folders, counts, model, vocabularies and daemon of the library. An empty library has a status too."""
        return status.status(self._library)

    def doctor(self) -> tuple[Finding, ...]:
        """Check the program, the machine, the model and the library, and return the findings with their remedies."""
        return doctor.diagnose(self._library)

    def verify(self, *, repair: bool = False, progress: Progress = SILENT) -> VerifyResult:
        """Compare disk, catalog and index, and return the differences; with *repair*, those before and after it."""
        return verify.verify(self._library, VerifyRequest(repair), progress)

    def prune(self, *, dry_run: bool = False) -> PruneResult:
        """Delete photos whose files have been gone for longer than the setting `keep_days`, and return their number.

        Their embeddings and tags go with them. A dry run only counts.
        """
        return prune.prune(self._library, PruneRequest(dry_run))

    def close(self) -> None:
        """Close the library."""
        self._opened.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Sidecars(Followed):
    """XMP files beside the pictures, into which tags and captions are written, as `library.sidecars`."""

    def write(
        self,
        paths: Sequence[AnyPath] = (),
        *,
        captions: bool | str = False,
        dry_run: bool = False,
        progress: Progress = SILENT,
    ) -> WriteReport:
        """Write tags into the sidecars of the pictures at or below *paths*, or of all, and return the totals.

        With *captions*, pictures without one of their own get a describer's: the newest if true, or that of the
        describer of that name. *progress* gets a `photos.sidecars.Written` or `Skipped` for each sidecar. A dry run
        writes nothing. Raises `NotInLibrary`, `photos.errors.UnknownDescriber` or `SidecarsBusy`.
        """
        by = None if captions is False else CaptionsBy(None if captions is True else captions)
        return sidecars.write_sidecars(self._library, WriteRequest(path_texts(paths), dry_run, by), progress)

    def undo(self, run: int | None = None, *, dry_run: bool = False, progress: Progress = SILENT) -> UndoReport:
        """Put the sidecars of a run, or of the last one, back as they were, byte for byte, and return the totals.

        *progress* gets a `photos.sidecars.Undone` or `Skipped` for each sidecar. Raises `NothingFound` or `NoSuchRun`.
        """
        return sidecars.undo_sidecars(self._library, UndoRequest(run, dry_run), progress)

    def runs(self) -> Sequence[SidecarRun]:
        """Return the runs that wrote sidecars, newest first."""
        return sidecars.list_runs(self._library)


def _chosen(photos: Sequence[AnyPhoto] | None, query: str | None, top: int | None) -> ChosenPhotos | None:
    """The photos that are named, perhaps an empty list of them; None for all."""
    if photos is None and query is None:
        return None
    return ChosenPhotos(photos=photo_references(photos or ()), query=query, directory=os.getcwd(), top=top)


def _warn(sentence: str) -> None:
    warnings.warn(sentence, RuntimeWarning, stacklevel=2)
