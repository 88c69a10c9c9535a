"""The library: its state, folders, files without a photo, and jobs."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from photos.http.answers.problems import not_found
from photos.http.jobs import Job
from photos.operations.indexing.failed import failed_files
from photos.operations.status import folder_statuses, status
from photos.records.http import FailedRecord, JobRecord
from photos.records.library import StatusRecord, folder_record, problem_record, status_record
from store.records import Outcome

from .calls import Call, records


class FailedQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Parameters of the list of files without a photo."""

    outcome: Annotated[
        list[Literal["unsupported", "damaged", "too large", "failed", "not a picture"]], Meta(max_length=20)
    ] = []


def show_status(call: Call) -> StatusRecord:
    """Answer with the state of the library."""
    return status_record(status(call.library))


def list_folders(call: Call) -> object:
    """Answer with the folders of the library."""
    return records([folder_record(each) for each in folder_statuses(call.library)])


def list_failed(call: Call) -> FailedRecord:
    """Answer with files that could not be indexed."""
    outcomes = tuple(Outcome(each) for each in dict.fromkeys(call.query(FailedQuery).outcome))
    found = failed_files(call.library, outcomes)
    return {"items": [problem_record(each) for each in found.problems], "not_pictures": found.not_pictures}


def list_jobs(call: Call) -> object:
    """Answer with all jobs, newest first."""
    return records([job.record() for job in call.service.jobs.all()])


def show_job(call: Call) -> JobRecord:
    """Answer with one job."""
    return _known(call, call.service.jobs.get(call.number("number")))


def stop_job(call: Call) -> JobRecord:
    """Stop a job."""
    return _known(call, call.service.jobs.stop(call.number("number")))


def _known(call: Call, job: Job | None) -> JobRecord:
    if job is None:
        raise not_found(f"There is no job {call.number('number')}.")
    return job.record()
