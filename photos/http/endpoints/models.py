"""Models of the library: their state, trials, the switch from one to another and back, and their deletion."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from photos.http.answers.problems import not_found
from photos.operations.models.checkpoints import list_models
from photos.operations.models.spaces import complete_space, forget_model, list_spaces, roll_back_model, switch_model
from photos.operations.models.trials import TryRequest, try_model
from photos.operations.progress import Progress
from photos.records.http import JobRecord, ModelsRecord
from photos.records.models import space_record

from .calls import Call

Name = Annotated[str, Meta(min_length=1, max_length=1000)]


class Trial(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A model to try, or null for the one that is being tried; and the most photos that it gets, or null for all."""

    model: Name | None = None
    sample: Annotated[int, Meta(ge=1, le=1_000_000_000)] | None = None


class Switch(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A model of the library that is to answer, or null for the one that is tried."""

    model: Name | None = None
    force: bool = False


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An empty object."""


def list_all_models(call: Call) -> ModelsRecord:
    """Answer with the models of the library, and those that could be tried."""
    spaces = list_spaces(call.library)
    return {"items": [space_record(each) for each in spaces], "can_be_tried": _installed(call)}


def start_trial(call: Call) -> JobRecord:
    """Embed and tag the photos with a second model."""
    asked = call.body(Trial)
    # No folder that a client names is opened.
    if asked.model is not None and asked.model not in _installed(call):
        raise not_found(f"There is no model {asked.model[:100]!r} here; `photos model list` has those that there are.")
    request = TryRequest(model=asked.model, sample=asked.sample)

    def work(progress: Progress) -> str:
        result = try_model(call.library, request, progress)
        return f"{result.name} has {result.photos} photos; {result.lacking} are still to be embedded."

    return call.service.jobs.start("model try", work).record()


def start_switch(call: Call) -> JobRecord:
    """Let another model answer."""
    asked = call.body(Switch)

    def work(_: Progress) -> str:
        result = switch_model(call.library, asked.model, force=asked.force)
        return f"{result.name} answers, in place of {result.before}."

    return call.service.jobs.start("model switch", work).record()


def start_model_rollback(call: Call) -> JobRecord:
    """Let the model before the last switch answer again, and embed what it lacks."""
    call.body(Nothing)

    def work(progress: Progress) -> str:
        result = roll_back_model(call.library)
        if result.missing:
            complete_space(call.service.library(), progress)
        return f"{result.name} answers again."

    return call.service.jobs.start("model rollback", work).record()


def start_forgetting(call: Call) -> JobRecord:
    """Delete the embeddings of a model that does not answer."""
    name = call.path["name"]

    def work(_: Progress) -> str:
        result = forget_model(call.library, name)
        return f"The embeddings of {result.name} were deleted: {result.photos} photos."

    return call.service.jobs.start("model forget", work).record()


def _installed(call: Call) -> list[str]:
    found = list_models(call.library)
    return [each.reference for each in found.entries if each.is_here and not each.is_in_use]
