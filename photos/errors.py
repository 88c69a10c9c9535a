"""What the program itself refuses, each in one sentence that says what to do.

PhotosError
├── SettingError            a setting that is unknown or wrong, and where it stands
├── MissingFolder           the folder is not there, or is no folder
├── UnknownFolder           the folder was never added
├── EmptyLibrary            there is nothing to search yet
├── NothingFound            the question was fine and the answer is empty
├── NotOneText              a label is to be made of a query that is more than one text
├── UnreadablePicture       an image file given as a question cannot be read
├── UnreadableFile          a file of data cannot be read
├── NoModelChosen           no checkpoint was chosen and the default is not downloaded
├── ModelInUse              the library's photos were embedded with another checkpoint
├── ModelChanged            the checkpoint's weights are not those that the library was made with
├── AlreadyWatched          another process keeps the library up to date
├── NotWatched              no process does
├── Refused                 the process that answers for us refused the question
├── DaemonFailed            the process that was started ended at once, or would not end
├── LabelExists             the vocabulary has a label of that name
├── InForceTwice            a vocabulary is in force in several places, and one is to be named
├── NoExample               a label is to be taught without a photo that shows it
├── NotAnExample            a photo to be forgotten is no example of the label
├── NoEarlierRevision       a vocabulary has no revision of that number
├── FileExists              a file to be written is there already
├── UnwritableFile          a file cannot be written where it was asked for
├── NoDisplay               there is nothing to show windows on
├── NoViewer                the system has no program that shows files
├── SidecarLeft             a sidecar is left as it is, and why
├── SidecarsBusy            another process writes sidecars
├── NoSuchRun               no sidecars were written under that number
└── DemoIncomplete          the folder for the demo holds something else
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


class PhotosError(Exception):
    """Anything the program refuses or cannot do. `status` is the exit status it ends with."""

    status = 1


class SettingError(PhotosError):
    """A setting is unknown or has a value that it cannot have. `place` is a file and line, or a variable's name."""

    status = 2

    def __init__(self, place: str, problem: str) -> None:
        super().__init__(place, problem)
        self.place = place
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.place}: {self.problem}."


class MissingFolder(PhotosError):
    """The folder is not there, or cannot be one. `problem` completes "PATH …"."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(path, problem)
        self.path = path
        self.problem = problem

    def __str__(self) -> str:
        return f"{safe(self.path)} {self.problem}."


class UnknownFolder(PhotosError):
    """The folder was never added. `registered` are those that were."""

    def __init__(self, path: str, registered: tuple[str, ...]) -> None:
        super().__init__(path, registered)
        self.path = path
        self.registered = registered

    def __str__(self) -> str:
        known = ", ".join(safe(path) for path in self.registered)
        return f"{safe(self.path)} was never added; " + (f"these were: {known}." if known else "no folder was.")


class EmptyLibrary(PhotosError):
    """There is no photo in the library yet."""

    def __init__(self, library: Path) -> None:
        super().__init__(library)
        self.library = library

    def __str__(self) -> str:
        return (
            f"The library {safe(str(self.library))} has no photos yet; "
            "run `photos add FOLDER`, or `photos demo` to try it on drawings."
        )


class NothingFound(PhotosError):
    """A fair question without an answer; `what` is the whole sentence."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what

    def __str__(self) -> str:
        return self.what


class NotOneText(PhotosError):
    """A label is scored by texts, and the query has pictures, filters, signs or several texts in it."""

    status = 2

    def __init__(self, query: str) -> None:
        super().__init__(query)
        self.query = query

    def __str__(self) -> str:
        return f"--save-as-label makes a label of one text alone, and this query is more: {safe(self.query)}."


class UnreadablePicture(PhotosError):
    """An image file given as a question cannot be read."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(path, reason)
        self.path = path
        self.reason = reason

    def __str__(self) -> str:
        return f"{safe(self.path)} cannot be read as a picture: {self.reason.rstrip('.')}."


class NoModelChosen(PhotosError):
    """No checkpoint was chosen, and the default one is not on this machine."""

    def __init__(self, default: str, size: str) -> None:
        super().__init__(default, size)
        self.default = default
        self.size = size

    def __str__(self) -> str:
        return (
            f"No model is on this machine yet: run `photos model download {self.default}` ({self.size}, once), "
            "choose another with --model NAME|FOLDER, or see `photos model list`."
        )


class ModelInUse(PhotosError):
    """The library holds another checkpoint's embeddings, and a library holds one checkpoint's."""

    def __init__(self, current: str, asked: str) -> None:
        super().__init__(current, asked)
        self.current = current
        self.asked = asked

    def __str__(self) -> str:
        return (
            f"This library was indexed with {safe(self.current)}; "
            f"to use {safe(self.asked)}, make another one with --library DIR."
        )


class ModelChanged(PhotosError):
    """The weights on disk are not those that the library's embeddings were made with."""

    def __init__(self, model: str) -> None:
        super().__init__(model)
        self.model = model

    def __str__(self) -> str:
        return (
            f"The weights of {safe(self.model)} have changed since this library was indexed, so its vectors cannot be "
            "compared; put the old weights back, or make another library with --library DIR."
        )


class AlreadyWatched(PhotosError):
    """Another process keeps the library up to date. `pid` is None where it could not be learnt."""

    def __init__(self, library: Path, pid: int | None) -> None:
        super().__init__(library, pid)
        self.library = library
        self.pid = pid

    def __str__(self) -> str:
        who = f"process {self.pid}" if self.pid else "another process"
        return f"{safe(str(self.library))} is kept up to date by {who} already; `photos daemon stop` ends it."


class NotWatched(PhotosError):
    """No process keeps the library up to date."""

    def __init__(self, library: Path) -> None:
        super().__init__(library)
        self.library = library

    def __str__(self) -> str:
        return f"No process keeps {safe(str(self.library))} up to date; `photos daemon start` starts one."


class Refused(PhotosError):
    """The process that answers for us refused the question, in the *sentence* and with the status that are ours too."""

    def __init__(self, sentence: str, status: int) -> None:
        super().__init__(sentence, status)
        self.sentence = sentence
        self.status = status

    def __str__(self) -> str:
        return self.sentence


class DaemonFailed(PhotosError):
    """The daemon did not start, or did not end. `problem` is a sentence without its full stop."""

    def __init__(self, problem: str, log: Path) -> None:
        super().__init__(problem, log)
        self.problem = problem
        self.log = log

    def __str__(self) -> str:
        return f"{safe(self.problem)}; its log is {safe(str(self.log))}."


class UnreadableFile(PhotosError):
    """A file of data cannot be read."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(path, reason)
        self.path = path
        self.reason = reason

    def __str__(self) -> str:
        """One sentence."""
        return f"{safe(self.path)} cannot be read ({self.reason})."


class LabelExists(PhotosError):
    """The vocabulary has that label already, as *known* or under that name as an alias."""

    def __init__(self, label: str, known: str, vocabulary: str) -> None:
        super().__init__(label, known, vocabulary)
        self.label = label
        self.known = known
        self.vocabulary = vocabulary

    def __str__(self) -> str:
        """One sentence."""
        also = "" if self.label == self.known else f" (as {safe(self.known)!r})"
        return (
            f"{safe(self.vocabulary)} has the label {safe(self.label)!r} already{also}; `photos vocab edit` changes it."
        )


class InForceTwice(PhotosError):
    """The vocabulary is in force in several places, by their namespaces; the main one's is empty."""

    def __init__(self, vocabulary: str, namespaces: Sequence[str]) -> None:
        super().__init__(vocabulary, namespaces)
        self.vocabulary = vocabulary
        self.namespaces = tuple(namespaces)

    def __str__(self) -> str:
        """One sentence."""
        named = [f"as {name}" if name else "as the main one" for name in self.namespaces]
        last = next(name for name in reversed(self.namespaces) if name)
        main = ", or none for the main one" if "" in self.namespaces else ""
        return (
            f"{safe(self.vocabulary)} is in force {' and '.join(named)}; say which with its namespace, such as "
            f"{last}:{main}."
        )


class NoExample(PhotosError):
    """A label cannot be taught without a photo that shows it."""

    def __init__(self, label: str) -> None:
        super().__init__(label)
        self.label = label

    def __str__(self) -> str:
        """One sentence."""
        return (
            f"{safe(self.label)!r} has no photo that shows it yet; name one: "
            f"photos teach {safe(self.label)!r} --yes IMAGE..."
        )


class NotAnExample(PhotosError):
    """The photo is none of those that say what the label means."""

    def __init__(self, path: str, label: str) -> None:
        super().__init__(path, label)
        self.path = path
        self.label = label

    def __str__(self) -> str:
        """One sentence."""
        return (
            f"{safe(self.path)} is no example of {safe(self.label)!r}; "
            f"`photos teach {safe(self.label)!r}` lists those that it has."
        )


class NoEarlierRevision(PhotosError):
    """The vocabulary has no revision of that number; its newest is *newest*."""

    def __init__(self, vocabulary: str, number: int, newest: int) -> None:
        super().__init__(vocabulary, number, newest)
        self.vocabulary = vocabulary
        self.number = number
        self.newest = newest

    def __str__(self) -> str:
        """One sentence."""
        if self.number < 1:
            return f"{self.vocabulary!r} has no earlier revision; `photos vocab use` chooses another vocabulary."
        return (
            f"{self.vocabulary!r} has no revision {self.number}; it has 1 to {self.newest}, see `photos vocab history`."
        )


class FileExists(PhotosError):
    """A file that would be written is there already."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path

    def __str__(self) -> str:
        return f"{safe(self.path)} exists already; give another name, or remove it first."


class UnwritableFile(PhotosError):
    """A file cannot be written where it was asked for."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(path, reason)
        self.path = path
        self.reason = reason

    def __str__(self) -> str:
        return f"{safe(self.path)} cannot be written ({self.reason})."


class NoDisplay(PhotosError):
    """There is nothing to show windows on: none of these *variables* of the environment names it."""

    def __init__(self, variables: tuple[str, ...]) -> None:
        super().__init__(variables)
        self.variables = variables

    def __str__(self) -> str:
        return (
            f"There is no display to open files on ({' and '.join(self.variables)} are not set); "
            "use --sheet, --copy-to, or --preview in this terminal."
        )


class NoViewer(PhotosError):
    """The system has no program that shows files. `program` is the one that was tried."""

    def __init__(self, program: str) -> None:
        super().__init__(program)
        self.program = program

    def __str__(self) -> str:
        return f"There is no {safe(self.program)} to show files with; use --paths and a viewer of your own, or --sheet."


class SidecarLeft(PhotosError):
    """A sidecar is left as it is. `reason` begins in small letters and has no full stop."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"A sidecar was left as it is: {self.reason}."


class SidecarsBusy(PhotosError):
    """Another process writes sidecars, or undoes that."""

    def __init__(self, library: Path) -> None:
        super().__init__(library)
        self.library = library

    def __str__(self) -> str:
        return f"Another process writes sidecars for {safe(str(self.library))}; try again when it is done."


class NoSuchRun(PhotosError):
    """No sidecars were written under that number."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number

    def __str__(self) -> str:
        return f"There is no run {self.number} that wrote sidecars; `photos xmp runs` lists them."


class DemoIncomplete(PhotosError):
    """The folder given for the demo holds something else, and is left alone."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.folder = folder

    def __str__(self) -> str:
        return f"{safe(str(self.folder))} holds other files; give an empty or a new folder with --folder."


def safe(text: str) -> str:
    """*text* with everything escaped that a terminal could take as a command, and with no bare surrogates."""
    return "".join(mark if mark.isprintable() else mark.encode("unicode_escape").decode("ascii") for mark in text)
