"""Sources of checkpoints: shipped with the program, in a folder, or downloaded from the hub on request."""

from __future__ import annotations

import errno
import os
import re
import shutil
import threading
from collections.abc import Callable, Mapping
from functools import partial as partially
from pathlib import Path
from typing import Protocol, TypeVar

from indexer.models.errors import CheckpointUnsupported, DownloadFailed, ModelMissing, ModelUnknown, NoNetwork

from .checkpoint import check_settings, open_checkpoint

_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
#: Settings, weights and tokenizers; never code, never pickles.
_SETTINGS = ("*.json", "spiece.model", "tokenizer.model")
_WANTED = (*_SETTINGS, "*.safetensors")
_POLL = 0.5
#: Errors of the disk and not of the network.
_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO, errno.ENOTDIR})

Result = TypeVar("Result")


class Hub(Protocol):
    """Server of model repositories."""

    def size(self, repository: str, patterns: tuple[str, ...]) -> int:
        """Bytes of the repository's files that match. Raises `ModelUnknown`, `NoNetwork` or `DownloadFailed`."""

    def fetch(self, repository: str, folder: Path, patterns: tuple[str, ...]) -> None:
        """Download those files into *folder*, resuming an earlier call. Raises as `size` does."""


def locate(reference: str, models: Path, shipped: Mapping[str, Path]) -> Path:
    """The folder of the checkpoint called *reference*: a shipped name, a folder, or the id of a downloaded repository.

    Never touches the network. Raises `ModelMissing` for a repository that was not downloaded, and `ModelUnknown`.
    """
    if reference in shipped:
        return shipped[reference]
    folder = Path(os.path.expanduser(reference))
    if reference and folder.is_dir():
        return folder.resolve()
    if _REPOSITORY.fullmatch(reference) and not reference.startswith("."):
        downloaded = models / _folder_name(reference)
        if downloaded.is_dir():
            return downloaded
        raise ModelMissing(reference)
    raise ModelUnknown(reference)


def download(
    reference: str,
    models: Path,
    hub: Hub,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
    *,
    check: Callable[[Path], object] = check_settings,
    open_whole: Callable[[Path, str], object] = open_checkpoint,
) -> Path:
    """Download a repository into *models* and return its folder. An interrupted download is resumed.

    *progress* is called with the bytes done and in all, about twice a second and at the end. The settings come
    first, so that an unsupported checkpoint costs no gigabytes. *check* judges these, and *open_whole* the whole;
    another kind of model than SigLIP has its own.
    Raises `ModelUnknown`, `NoNetwork`, `DownloadFailed`, and what *check* and *open_whole* raise.
    """
    if not _REPOSITORY.fullmatch(reference):
        raise ModelUnknown(reference)
    target = models / _folder_name(reference)
    if target.is_dir():
        return target
    partial = models / ".partial" / _folder_name(reference)
    try:
        partial.mkdir(parents=True, exist_ok=True)
        total = hub.size(reference, _WANTED)
        free = shutil.disk_usage(partial).free
        if free < total - _bytes_in(partial):
            raise DownloadFailed(reference, f"it needs {total / 1e9:.1f} GB and the disk has {free / 1e9:.1f} GB left.")
        for patterns in (_SETTINGS, _WANTED):
            _fetch(
                partially(hub.fetch, reference, partial, patterns),
                lambda: progress(min(_bytes_in(partial), total), total),
            )
            check(partial)
        _check_weights(partial)
        open_whole(partial, reference)
        shutil.rmtree(partial / ".cache", ignore_errors=True)
        partial.replace(target)
    except CheckpointUnsupported:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    except OSError as error:
        raise DownloadFailed(reference, f"{error.strerror or error}.") from error
    return target


def _check_weights(folder: Path) -> None:
    if not any(folder.glob("*.safetensors")):
        reason = "its repository has no weights in safetensors form, and others can run code when they are read"
        raise CheckpointUnsupported(folder, reason)


def _fetch(fetch: Callable[[], None], tick: Callable[[], None]) -> None:
    """Run *fetch* in a thread, calling *tick* regularly until it ends and once after it."""
    failure: list[BaseException] = []

    def work() -> None:
        try:
            fetch()
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            failure.append(error)

    worker = threading.Thread(target=work, daemon=True)
    worker.start()
    while worker.is_alive():
        worker.join(_POLL)
        if worker.is_alive():
            tick()
    if failure:
        raise failure[0]
    tick()


def _folder_name(reference: str) -> str:
    return reference.replace("/", "--")


def _bytes_in(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except OSError:
            continue
    return total


class HuggingFaceHub:
    """The Hugging Face hub, or a mirror of it at *endpoint*."""

    def __init__(self, endpoint: str | None = None) -> None:
        self._endpoint = endpoint

    def size(self, repository: str, patterns: tuple[str, ...]) -> int:
        """Bytes of the files that match."""
        from fnmatch import fnmatch  # noqa: PLC0415 - only a download needs any of this

        from huggingface_hub import HfApi  # noqa: PLC0415 - as above

        def ask() -> int:
            files = HfApi(self._endpoint).model_info(repository, files_metadata=True, timeout=20).siblings or []
            return sum(
                file.size or 0 for file in files if any(fnmatch(file.rfilename, pattern) for pattern in patterns)
            )

        return _translated(repository, ask)

    def fetch(self, repository: str, folder: Path, patterns: tuple[str, ...]) -> None:
        """Download the files that match."""
        from huggingface_hub import snapshot_download  # noqa: PLC0415 - only a download needs it
        from huggingface_hub.utils.logging import set_verbosity_error  # noqa: PLC0415 - as above
        from huggingface_hub.utils.tqdm import disable_progress_bars  # noqa: PLC0415 - as above

        disable_progress_bars()
        set_verbosity_error()  # type: ignore[no-untyped-call]
        _translated(
            repository,
            lambda: snapshot_download(
                repository, local_dir=folder, allow_patterns=list(patterns), endpoint=self._endpoint
            ),
        )


def _translated(repository: str, ask: Callable[[], Result]) -> Result:
    from huggingface_hub import errors  # noqa: PLC0415 - only a download needs it

    try:
        return ask()
    except errors.GatedRepoError as error:
        raise DownloadFailed(repository, "its authors ask for a licence to be accepted on the hub first.") from error
    except errors.RepositoryNotFoundError as error:
        raise ModelUnknown(repository) from error
    except (errors.HfHubHTTPError, errors.RevisionNotFoundError) as error:
        raise DownloadFailed(repository, str(error).strip().partition("\n")[0]) from error
    except OSError as error:
        if error.errno in _DISK:
            raise DownloadFailed(repository, f"{error.strerror}.") from error
        raise NoNetwork(repository, str(error)) from error
    except Exception as error:
        # The client's network errors come from a library that is no dependency of this program.
        if type(error).__module__.partition(".")[0] in {"httpx", "httpx2", "httpcore", "requests", "urllib3"}:
            raise NoNetwork(repository, str(error)) from error
        raise
