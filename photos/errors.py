"""Errors of the program, each one sentence that says what to do.

PhotosError                 the base of all errors that people see (store.errors)
├── SettingError            a setting that is unknown or wrong, and its place
├── BadPattern              a pattern of files to leave out is none of the .gitignore syntax
├── MissingFolder           the folder does not exist, or is no folder
├── NotConfirmed            nobody can be asked about what cannot be undone
├── UnknownFolder           the folder was never added
├── EmptyLibrary            there is nothing to search yet
├── NothingFound            a valid request has an empty result
├── NotOneText              a label is to be made of a query that is more than one text
├── UnreadablePicture       an image file in a query cannot be read
├── UnreadableFile          a file of data cannot be read
├── AlreadyWatched          another process keeps the library up to date
├── NotWatched              no process does
├── UnknownTask             workers do no work of that name
├── NoQueue                 workers are asked for, and the catalog is none on a server
├── Refused                 the daemon refused a request
├── ExtraMissing            a part of the program needs a package that is not installed
├── BadArguments            an argument of a tool is not as the tool's description says
├── PortTaken               a port to be served at is taken, or may not be used
├── OpenToAll               a library would be served to other machines without a password or a token
├── WrongCursor             a page of a search is to go on that another library began
├── DaemonFailed            the daemon ended at once, or would not end
├── LabelExists             the vocabulary has a label of that name
├── InForceTwice            a vocabulary is in force in several places, and one is to be named
├── NoExample               a label is to be taught without a photo that shows it
├── NotAnExample            a photo to be forgotten is no example of the label
├── ContradictoryExamples   a photo is named as an example and as none
├── NoEarlierRevision       a vocabulary has no revision of that number
├── FileExists              a file to be written exists already
├── UnwritableFile          a file cannot be written at the place that was named
├── NoDisplay               no display to show windows on
├── NoViewer                the system has no program that shows files
├── SidecarLeft             a sidecar is left as it is, with the reason
├── SidecarsBusy            another process writes sidecars
├── MoveIntoLibrary         files would be moved to where they are indexed again
├── MovesBusy               another process moves files
├── UnknownSearch           no search is saved under that name
├── NoSuchRun               no sidecars were written under that number
├── DemoIncomplete          the folder for the demo holds something else
├── DemoMixed               the catalog for the demo has photos of somebody's
└── the errors about models (photos.model_errors)
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from store.errors import PhotosError as PhotosError  # noqa: PLC0414 - the program knows it by this module
from store.errors import safe as safe  # noqa: PLC0414 - as above


class SettingError(PhotosError):
    """A setting is unknown or has a wrong value. `place` is a file and line, or a variable's name."""

    status = 2
    place: str
    problem: str

    def __str__(self) -> str:
        return f"{self.place}: {self.problem}{'' if self.problem.endswith('?') else '.'}"


class BadPattern(PhotosError):
    """A pattern of files to leave out that could match nothing."""

    status = 2
    sentence = (
        "'{pattern}' is not a pattern of the .gitignore syntax; put a backslash before a mark that is meant as it is."
    )
    pattern: str


class MissingFolder(PhotosError):
    """The folder does not exist, or cannot be one. `problem` completes "PATH …"."""

    path: str
    problem: str

    def __str__(self) -> str:
        return f"{safe(self.path)} {self.problem}."


class NotConfirmed(PhotosError):
    """Nobody can be asked about what cannot be undone. `what` is a sentence without its full stop."""

    status = 2
    sentence = "{what}. Say --yes to do that, or --dry-run to change nothing."
    what: str


class UnknownFolder(PhotosError):
    """The folder was never added. `registered` are the folders that were."""

    path: str
    registered: tuple[str, ...]

    def __str__(self) -> str:
        import difflib  # noqa: PLC0415 - only for a mistake
        import os  # noqa: PLC0415 - as above

        known = ", ".join(safe(path) for path in self.registered)
        near = difflib.get_close_matches(os.path.abspath(self.path), self.registered, 1, 0.8)
        hint = f" Did you mean {safe(near[0])}?" if near else ""
        return f"{safe(self.path)} was never added; " + (
            f"these were: {known}.{hint}" if known else "the library has no folders."
        )


class EmptyLibrary(PhotosError):
    """There is no photo in the library yet. It is named by its folder, or by the address of its catalog."""

    library: Path | str
    #: The demo's library, if there is one elsewhere.
    demo: Path | None = None

    def __str__(self) -> str:
        """One sentence."""
        start = f"The library {safe(self.library)} has no photos yet; run `photos add FOLDER`, or "
        if self.demo is None:
            return f"{start}`photos demo` to try it on drawings."
        place = f"--library {safe(shlex.quote(str(self.demo)))}"
        # The setting that names this library's catalog on a server would hold for the demo's folder, too.
        place = f"--catalog '' {place}" if isinstance(self.library, str) else place
        return f"{start}search the demo's with `photos {place} search WORDS`."


class NothingFound(PhotosError):
    """A valid request with an empty result; `what` is the whole sentence."""

    what: str

    def __str__(self) -> str:
        # The reason may end with a question, "did you mean …?".
        return self.what[:-1] if self.what.endswith("?.") else self.what


class NotOneText(PhotosError):
    """The query for a new label has pictures, filters, signs or several texts in it; a label is made of one text."""

    status = 2
    sentence = "--save-as-label makes a label of one text alone, and this query is more: {query}."
    query: str


class UnreadablePicture(PhotosError):
    """An image file in a query cannot be read."""

    path: str
    reason: str

    def __str__(self) -> str:
        return f"{safe(self.path)} cannot be read as a picture: {self.reason.rstrip('.')}."


class AlreadyWatched(PhotosError):
    """Another process keeps the library up to date. `pid` is None where it is unknown, `host` on this machine."""

    library: Path | str
    pid: int | None
    host: str | None = None

    def __str__(self) -> str:
        who = f"process {self.pid}" if self.pid else "another process"
        where, there = ("", "") if self.host is None else (f" on {safe(self.host)}", " there")
        return f"{safe(self.library)} is kept up to date by {who}{where} already; `photos daemon stop`{there} ends it."


class NoQueue(PhotosError):
    """Workers are asked for, and the catalog is none on a server, so they cannot share it."""

    status = 2
    sentence = (
        "Workers share a catalog on a PostgreSQL server, and this library's is a file of its own; "
        "`photos help workers` tells how to set one up."
    )


class UnknownTask(PhotosError):
    """Workers do no work of that name."""

    status = 2
    name: str
    tasks: tuple[str, ...]

    def __str__(self) -> str:
        return f"Workers have no task {safe(self.name)!r}; the tasks are {', '.join(self.tasks)}."


class NotWatched(PhotosError):
    """No process keeps the library up to date."""

    sentence = "No process keeps {library} up to date; `photos daemon start` starts one."
    library: Path


class DaemonRefused(PhotosError):
    """The daemon refused a request. Its sentence, exit status and code become this error's."""

    def __init__(self, sentence: str, status: int, code: str = "refused") -> None:
        super().__init__()
        self._sentence, self._status, self._code = sentence, status, code

    @property
    def status(self) -> int:  # type: ignore[override]  # of this refusal, not of the class
        """The exit status."""
        return self._status

    @property
    def code(self) -> str:  # type: ignore[override]  # as above
        """The daemon's code for the refusal."""
        return self._code

    def __str__(self) -> str:
        return self._sentence


class ExtraMissing(PhotosError):
    """A part of the program needs a package that only an extra installs. `needed` is that package."""

    sentence = "{part} needs {needed}, which is not installed; get it with: pip install 'photos[{extra}]'."
    part: str
    needed: str
    extra: str


class BadArguments(PhotosError):
    """An argument of a tool is not as the tool's description says. `field` is empty if `problem` names it."""

    status = 2
    field: str
    problem: str

    def __str__(self) -> str:
        """One sentence."""
        return f"{safe(self.field)}: {safe(self.problem)}." if self.field else f"{safe(self.problem)}."


class PortTaken(PhotosError):
    """A port cannot be served at, for a `reason` in small letters."""

    sentence = "{address} port {port} cannot be used ({reason}); choose another one with --port."
    address: str
    port: int
    reason: str


class OpenToAll(PhotosError):
    """A library would be served to other machines without a password or a token."""

    status = 2
    sentence = (
        "Other machines could see every photo at {address}: set a password in PHOTOS_PASSWORD, or make a token with "
        "`photos token`."
    )
    address: str


class WrongCursor(PhotosError):
    """The cursor of a page is of another library, of a later state of this one, or of another order of photos."""

    status = 2
    sentence = (
        "This cursor is of another library, of one that was restored from a copy, or of another order; "
        "begin again without it."
    )


class DaemonFailed(PhotosError):
    """The daemon did not start, or did not end. `problem` is a sentence without its full stop."""

    sentence = "{problem}; its log is {log}."
    problem: str
    log: Path


class UnreadableFile(PhotosError):
    """A file of data cannot be read."""

    sentence = "{path} cannot be read ({reason})."
    path: str
    reason: str


class LabelExists(PhotosError):
    """The vocabulary has that label already, as `known` or under that name as an alias."""

    label: str
    known: str
    vocabulary: str

    def __str__(self) -> str:
        """One sentence."""
        also = "" if self.label == self.known else f" (as {safe(self.known)!r})"
        return (
            f"{safe(self.vocabulary)} has the label {safe(self.label)!r} already{also}; `photos vocab edit` changes it."
        )


class InForceTwice(PhotosError):
    """The vocabulary is in force in several slots, given by their names; the main one's is empty."""

    vocabulary: str
    slots: Sequence[str]

    def __str__(self) -> str:
        """One sentence."""
        named = [f"as {name}" if name else "as the main one" for name in self.slots]
        last = next(name for name in reversed(self.slots) if name)
        main = ", or none for the main one" if "" in self.slots else ""
        return (
            f"{safe(self.vocabulary)} is in force {' and '.join(named)}; say which with its slot, such as "
            f"{last}:{main}."
        )


class NoExample(PhotosError):
    """A label cannot be taught without a photo that shows it."""

    sentence = "{label!r} has no photo that shows it yet; name one: photos teach {label!r} --yes IMAGE..."
    label: str


class NotAnExample(PhotosError):
    """The photo is not an example of the label."""

    sentence = "{path} is no example of {label!r}; `photos teach {label!r}` lists those that it has."
    path: str
    label: str


class ContradictoryExamples(PhotosError):
    """A photo is named as an example of a label and as none. `problem` is the whole sentence."""

    status = 2
    problem: str

    def __str__(self) -> str:
        """One sentence."""
        return self.problem


class NoEarlierRevision(PhotosError):
    """The vocabulary has no revision of that number; its newest is `newest`."""

    vocabulary: str
    number: int
    newest: int

    def __str__(self) -> str:
        """One sentence."""
        if self.number < 1:
            return f"{self.vocabulary!r} has no earlier revision; `photos vocab use` chooses another vocabulary."
        return (
            f"{self.vocabulary!r} has no revision {self.number}; it has 1 to {self.newest}, see `photos vocab history`."
        )


class FileExists(PhotosError):
    """A file that would be written exists already."""

    path: str
    #: The option that replaces it, if there is one.
    option: str = ""

    def __str__(self) -> str:
        """One sentence."""
        remedy = f"{self.option} replaces it" if self.option else "remove it first"
        return f"{safe(self.path)} exists already; give another name, or {remedy}."


class UnwritableFile(PhotosError):
    """A file cannot be written at the place that was named."""

    sentence = "{path} cannot be written ({reason})."
    path: str
    reason: str


class NoDisplay(PhotosError):
    """No display to open windows on: none of these `variables` of the environment names one."""

    variables: tuple[str, ...]

    def __str__(self) -> str:
        return (
            f"There is no display to open files on ({' and '.join(self.variables)} are not set); "
            "use --sheet, --copy-to, or --preview in this terminal."
        )


class NoViewer(PhotosError):
    """The system has no program that shows files. `program` is the one that was tried."""

    sentence = "There is no {program} to show files with; use --paths and a viewer of your own, or --sheet."
    program: str


class SidecarLeft(PhotosError):
    """A sidecar is left as it is. `reason` begins in small letters and has no full stop."""

    reason: str

    def __str__(self) -> str:
        return f"A sidecar was left as it is: {self.reason}."


class SidecarsBusy(PhotosError):
    """Another process writes sidecars, or undoes that."""

    sentence = "Another process writes sidecars for {library}; try again when it is done."
    library: Path


class MoveIntoLibrary(PhotosError):
    """Files would be moved into a folder of the library."""

    sentence = "{place} lies in {folder}, where the files would be indexed again; name a folder outside the library."
    status = 2
    place: str
    folder: str


class MovesBusy(PhotosError):
    """Another process moves files of the library."""

    sentence = "Another process moves files of this library; try again when it has ended."


class UnknownSearch(PhotosError):
    """No search is saved under that name; `known` are the names that there are."""

    status = 2
    name: str
    known: Sequence[str]

    def __str__(self) -> str:
        """One sentence."""
        import difflib  # noqa: PLC0415 - only for a mistake

        near = difflib.get_close_matches(self.name, self.known, 1)
        hint = f"did you mean {safe(near[0])}?" if near else "`photos saved list` has all names."
        return f"No search is saved as {safe(self.name)}; {hint}"


class NoSuchRun(PhotosError):
    """No sidecars were written under that number."""

    sentence = "There is no run {number} that wrote sidecars; `photos xmp runs` lists them."
    number: int


class DemoIncomplete(PhotosError):
    """The folder for the demo holds something else, and is left alone."""

    sentence = "{folder} holds other files; give an empty or a new folder with --folder."
    folder: Path


class DemoMixed(PhotosError):
    """The catalog on a server that the demo was to use has other photos, and is left alone."""

    sentence = "The catalog {catalog} has other photos; name an empty database for the demo."
    catalog: str
