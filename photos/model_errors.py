"""Errors about models: those that a library is embedded with or tries, and describers.

PhotosError                 the base of all errors that people see (store.errors)
├── NoModelChosen           no checkpoint was chosen and the default is not downloaded
├── ModelInUse              the library's photos were embedded with another checkpoint
├── UnknownSpace            the library has no embeddings of a model of that name
├── SpaceAnswers            what is asked is not for the model that answers
├── AnotherTried            another model is being tried
├── TrialBusy               another process embeds photos with the model that is tried
├── NothingTried            no model is being tried
├── NoDescriber             no describer is set up
├── UnknownDescriber        no photo was described by a describer of that name
├── DescribersBusy          another process describes photos
├── DescriberEnded          a describer went away, or failed too often
├── SpaceUnready            a model does not have all photos and tags yet
├── NoEarlierModel          there is no model to go back to
├── PatchesInUse            the library's photos were embedded with another number of patches
├── PatchesFixed            the checkpoint's resolution is fixed, so a number of patches cannot be chosen
└── ModelChanged            the checkpoint's weights are not the library's
"""

from __future__ import annotations

from collections.abc import Sequence

from store.errors import PhotosError, safe


class NoModelChosen(PhotosError):
    """No checkpoint was chosen, and the default one is not on this machine."""

    sentence = (
        "No model is on this machine yet: run `photos model download {default}` ({size}, once), "
        "choose another with --model NAME|FOLDER, or see `photos model list`."
    )
    default: str
    size: str


class ModelInUse(PhotosError):
    """The library holds another checkpoint's embeddings, and a library holds one checkpoint's."""

    sentence = (
        "This library was indexed with {current}; `photos model try {asked}` embeds its photos with that one beside, "
        "and --library DIR makes another library."
    )
    current: str
    asked: str


class UnknownSpace(PhotosError):
    """The library has no embeddings of a model of that name; `known` are the names that it has."""

    status = 2
    name: str
    known: Sequence[str]

    def __str__(self) -> str:
        """One sentence."""
        return (
            f"This library has no embeddings of {safe(self.name)}; it has those of {', '.join(map(safe, self.known))}."
        )


class SpaceAnswers(PhotosError):
    """The model answers searches: it need not be tried or switched to, and cannot be forgotten."""

    sentence = "{name} is the model that answers; `photos model status` shows the others."
    name: str


class AnotherTried(PhotosError):
    """Another model is being tried, and one at a time is."""

    sentence = (
        "{name} is being tried already; `photos model switch` ends that, or `photos model forget {name}`, "
        "which deletes its embeddings."
    )
    name: str


class TrialBusy(PhotosError):
    """Another process embeds photos with a model that does not answer, repairs it, or forgets one."""

    sentence = "Another process works on the other models of the library; `photos model status` shows how far it is."


class NothingTried(PhotosError):
    """No model is being tried, and none was named.

    `others` are those of the library that could be, and `previous` is the one before the last switch, if it is kept.
    """

    others: Sequence[str] = ()
    previous: str | None = None

    def __str__(self) -> str:
        """One sentence."""
        *first, last = map(safe, self.others) if self.others else ("",)
        remedy = f"name one of {', '.join(first)} and {last}" if first else "`photos model try NAME` begins that"
        back = "" if self.previous is None else f", and `photos model rollback` goes back to {safe(self.previous)}"
        return f"No model is being tried here; {remedy}{back}."


class NoDescriber(PhotosError):
    """No describer is set up, and none was named."""

    status = 2
    sentence = (
        "No describer is set up; for one by Ollama, `ollama pull {model}` and set describe_endpoint = "
        '"http://localhost:11434/v1" and describe_model = "{model}" in config.toml (`photos config --path`), or name a '
        "Florence-2 checkpoint with --with."
    )
    model: str = "qwen3-vl:2b"


class UnknownDescriber(PhotosError):
    """No photo was described by a describer of that name; `known` are those that described some."""

    describer: str
    known: Sequence[str] = ()

    def __str__(self) -> str:
        others = f"; there is {', '.join(map(safe, self.known))}" if self.known else ""
        return f"No photo was described by {safe(self.describer)}{others}."


class DescribersBusy(PhotosError):
    """Another process describes photos of the library."""

    sentence = "Another process describes photos of this library; try again when it has ended."


class DescriberEnded(PhotosError):
    """A describer went away, or described none of many pictures, so a worker left the others."""

    sentence = "{reason}"
    reason: str


class SpaceUnready(PhotosError):
    """The model does not have all photos and tags yet. `missing` are parts of a sentence."""

    name: str
    missing: Sequence[str]

    def __str__(self) -> str:
        """One sentence."""
        return (
            f"{safe(self.name)} is not ready: {', '.join(self.missing)}; `photos model try` goes on with it, "
            "and --force switches as it is."
        )


class NoEarlierModel(PhotosError):
    """No switch was made that can be undone."""

    sentence = "There is no model to go back to; `photos model switch NAME` chooses any that is ready."


class PatchesInUse(PhotosError):
    """The library's photos were embedded with another number of patches."""

    sentence = (
        "This library was indexed with up to {current} patches a picture; "
        "`photos model try NAME --patches {asked}` embeds them with that number beside."
    )
    current: int
    asked: int


class PatchesFixed(PhotosError):
    """The checkpoint has a fixed resolution, so a number of patches cannot be chosen."""

    sentence = "{model} has a fixed resolution, so --patches is not for it: that is for NaFlex checkpoints."
    model: str


class ModelChanged(PhotosError):
    """The weights on disk are not the ones that made the embeddings of the model, which answers or is beside it."""

    model: str
    is_answering: bool = True

    def __str__(self) -> str:
        name = safe(self.model)
        if self.is_answering:
            return (
                f"The weights of {name} have changed since this library was indexed, so its vectors cannot be "
                f"compared; put the old weights back, or embed the photos with the new ones beside: "
                f"`photos model try {name}`."
            )
        return (
            f"The weights of {name} have changed since photos were embedded with it; put the old weights back, or "
            f"embed the photos with the new ones by `photos model forget {name}` and `photos model try {name}`."
        )
