"""The routes of the API: the table that the application and its description are made of."""

from __future__ import annotations

from typing import Any, Final

from photos.records.files import MoveRunRecord
from photos.records.http import (
    ArchiveRecord,
    CalibrationsRecord,
    ComparisonRecord,
    DescribersRecord,
    DuplicatesRecord,
    FailedRecord,
    GapsRecord,
    JobRecord,
    LabelInForceRecord,
    ModelsRecord,
    PageRecord,
    PhotoDetailsRecord,
    SuggestionRecord,
)
from photos.records.library import FolderRecord, StatusRecord
from photos.records.photos import ExplanationRecord, FacetRecord, PhotoTagsRecord, RatingRecord, TagHistoryRecord
from photos.records.saved_searches import SavedSearchRecord
from photos.records.vocabularies import LabelRecord, RevisionRecord, TrialRecord, VocabularyRecord

from .answers.strip import MEDIA_TYPE as STRIP
from .endpoints import archive, changes, describing, labels, library, models, moves, photos, searches, strips
from .endpoints.calls import Route

#: Where the API begins.
BASE: Final = "/api/v1"


class Items:
    """The type of an answer `{"items": […]}`, by the type of its items."""

    def __init__(self, kind: Any) -> None:
        self.kind = kind


ROUTES: Final = (
    Route("GET", "/photos", "Photos that a query finds.", photos.search_photos, PageRecord, photos.PhotosQuery),
    Route("GET", "/photos/{id}", "One photo.", photos.show_photo, PhotoDetailsRecord),
    Route(
        "GET", "/photos/{id}/similar", "Photos that look like it.", photos.similar_photos, PageRecord,
        photos.SimilarQuery,
    ),
    Route(
        "GET", "/photos/{id}/explanation", "The reasons for its rank in a search.", photos.explain_photo,
        ExplanationRecord, photos.ExplanationQuery,
    ),
    Route("GET", "/photos/{id}/tags", "Its tags.", photos.tags_of_photo, PhotoTagsRecord),
    Route("GET", "/photos/{id}/history", "The changes of its tags.", photos.history_of_photo, TagHistoryRecord),
    Route(
        "PUT", "/photos/{id}/tags/{label:path}", "Add or reject a tag by hand.", changes.put_tag, PhotoTagsRecord,
        body=changes.TagState,
    ),
    Route(
        "DELETE", "/photos/{id}/tags/{label:path}", "Leave a tag to the vocabulary again.", changes.delete_tag,
        PhotoTagsRecord,
    ),
    Route("PUT", "/photos/{id}/rating", "Rate a photo.", changes.put_rating, RatingRecord, body=changes.Rating),
    Route("GET", "/strip", "All photos that a query finds, as a strip.", strips.show_strip, STRIP, strips.StripQuery),
    Route("GET", "/terms", "The cosines of a query's terms, as a strip.", strips.show_terms, STRIP, strips.StripQuery),
    Route(
        "GET", "/duplicates", "Files that show the same picture.", photos.list_duplicates, DuplicatesRecord,
        photos.DuplicatesQuery,
    ),
    Route("GET", "/duplicates/moves", "Duplicates that were moved.", moves.list_moves, Items(MoveRunRecord)),
    Route(
        "POST", "/duplicates/moves", "Move duplicates to a folder.", moves.start_move, JobRecord,
        body=moves.MovedDuplicates, status=202,
    ),
    Route(
        "POST", "/duplicates/undo", "Put moved files back.", moves.undo_move, JobRecord, body=moves.UndoneMove,
        status=202,
    ),
    Route(
        "GET", "/facets", "Cameras, lenses, years, folders and keywords.", photos.list_facets, Items(FacetRecord),
        photos.FacetsQuery,
    ),
    Route(
        "GET", "/suggestions", "Queries that begin with a text.", photos.list_suggestions, Items(SuggestionRecord),
        photos.SuggestionsQuery,
    ),
    Route(
        "POST", "/selection/tags", "Change tags of several photos.", changes.tag_selection, Items(PhotoTagsRecord),
        body=changes.SelectionTags,
    ),
    Route(
        "POST", "/selection/rating", "Rate several photos.", changes.rate_selection, Items(RatingRecord),
        body=changes.SelectionRating,
    ),
    Route(
        "POST", "/selection/xmp", "Write tags into sidecars.", changes.write_selection, JobRecord,
        body=changes.Sidecars, status=202,
    ),
    Route(
        "POST", "/xmp/undo", "Put sidecars back.", changes.undo_sidecar_run, JobRecord, body=changes.UndoneRun,
        status=202,
    ),
    Route(
        "POST", "/archives", "Give an archive of many photos an address.", archive.prepare_archive, ArchiveRecord,
        body=archive.ArchivePhotos, status=201,
    ),
    Route("GET", "/searches", "Saved searches.", searches.list_saved_searches, Items(SavedSearchRecord)),
    Route(
        "PUT", "/searches/{name:path}", "Save a query under a name.", searches.put_saved_search, SavedSearchRecord,
        body=searches.SavedQuery,
    ),
    Route(
        "DELETE", "/searches/{name:path}", "Remove a saved search.", searches.delete_saved_search, SavedSearchRecord
    ),
    Route("GET", "/labels", "The labels in force.", labels.list_labels, Items(LabelInForceRecord), labels.LabelsQuery),
    Route("POST", "/labels", "Add a label.", changes.add_label, JobRecord, body=changes.NewLabel, status=202),
    Route(
        "GET", "/labels/gaps", "What photos show and no label describes.", labels.show_gaps, GapsRecord,
    ),
    Route(
        "POST", "/labels/gaps", "Look for what no label describes.", changes.look_for_gaps, JobRecord,
        body=changes.Gaps, status=202,
    ),
    Route(
        "GET", "/calibrations", "How labels score over the library, outliers first.", labels.list_calibrations,
        CalibrationsRecord, labels.CalibrationsQuery,
    ),
    Route(
        "POST", "/calibrations", "Measure that again, and tag with it.", changes.start_calibration, JobRecord,
        body=changes.NoFields, status=202,
    ),
    Route("GET", "/labels/trial", "A label that is new.", labels.try_label, TrialRecord, labels.TrialQuery),
    Route(
        "GET", "/labels/{name:path}/column", "The cosines of a label, as a strip.", strips.show_label_column, STRIP,
        strips.StripQuery,
    ),
    Route(
        "POST", "/labels/{name:path}/examples", "Teach a label.", changes.add_examples, JobRecord,
        body=changes.Examples, status=202,
    ),
    Route(
        "PATCH", "/labels/{name:path}", "Move a label's threshold.", changes.patch_label, JobRecord,
        body=changes.Threshold, status=202,
    ),
    Route("GET", "/vocabularies", "All vocabularies.", labels.list_all_vocabularies, Items(VocabularyRecord)),
    Route("GET", "/vocabularies/{name}", "The labels of one.", labels.show_one_vocabulary, Items(LabelRecord)),
    Route("GET", "/vocabularies/{name}/revisions", "Its revisions.", labels.list_revisions, Items(RevisionRecord)),
    Route(
        "POST", "/vocabularies/{name}/rollback", "Set a vocabulary back.", changes.start_rollback, JobRecord,
        body=changes.Rollback, status=202,
    ),
    Route(
        "GET", "/compare", "The difference of two vocabularies.", labels.compare, ComparisonRecord, labels.CompareQuery
    ),
    Route("GET", "/models", "Models of the library.", models.list_all_models, ModelsRecord),
    Route(
        "POST", "/models/try", "Embed and tag with a second model.", models.start_trial, JobRecord, body=models.Trial,
        status=202,
    ),
    Route(
        "POST", "/models/switch", "Let another model answer.", models.start_switch, JobRecord, body=models.Switch,
        status=202,
    ),
    Route(
        "POST", "/models/rollback", "Let the model before answer again.", models.start_model_rollback, JobRecord,
        body=models.Nothing, status=202,
    ),
    Route(
        "DELETE", "/models/{name:path}", "Delete a model's embeddings.", models.start_forgetting, JobRecord, status=202
    ),
    Route("GET", "/describers", "Other models that describe photos.", describing.list_describers, DescribersRecord),
    Route(
        "DELETE", "/describers/{name:path}", "Delete what a describer said.", describing.start_forgetting_describer,
        JobRecord, status=202,
    ),
    Route(
        "POST", "/describe", "Let a describer describe photos.", describing.start_describing, JobRecord,
        body=describing.DescribedPhotos, status=202,
    ),
    Route("GET", "/status", "The state of the library.", library.show_status, StatusRecord),
    Route("GET", "/folders", "Its folders.", library.list_folders, Items(FolderRecord)),
    Route(
        "GET", "/failed", "Files that could not be indexed.", library.list_failed, FailedRecord, library.FailedQuery
    ),
    Route("GET", "/jobs", "Long work, newest first.", library.list_jobs, Items(JobRecord)),
    Route("GET", "/jobs/{number}", "One job.", library.show_job, JobRecord),
    Route("DELETE", "/jobs/{number}", "Stop a job.", library.stop_job, JobRecord),
    Route("POST", "/retag", "Tag all photos again.", changes.start_retag, JobRecord, body=changes.Retag, status=202),
    Route(
        "POST", "/index", "Bring the library up to date with the disk.", changes.start_index, JobRecord,
        body=changes.Index, status=202,
    ),
)  # fmt: skip
