"""Settings. Options override the environment, which overrides `config.toml`, which overrides the defaults."""

from __future__ import annotations

import math
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import time
from pathlib import Path
from typing import Any, Final

from photos.catalog_place import CatalogPlace, index_folder
from photos.errors import SettingError

#: Name of the daemon's log in the library's folder.
LOG_FILE: Final = "watch.log"
#: Values of `log_level`, from the most messages to the fewest.
LOG_LEVELS: Final = ("debug", "info", "warning", "error")
#: Values of `decode`: JPEG pictures at reduced size, which is several times as fast, and at full size.
DECODINGS: Final = ("reduced", "full")
#: Names of devices. The fifth GPU is cuda:4.
DEVICE: Final = re.compile(r"auto|cpu(:0)?|mps(:0)?|(cuda|xpu)(:\d{1,3})?")
#: Values of `precision`, and those of `backend`.
PRECISIONS: Final = ("float32", "bfloat16", "float16", "int8", "bnb-int8", "bnb-nf4")
BACKENDS: Final = ("own", "transformers")
#: Values of `patches`.
PATCHES: Final = (256, 576, 1024)
#: Value of `describe_with` for the model at `describe_endpoint`.
ENDPOINT: Final = "endpoint"
#: Settings whose values are shown nowhere.
SECRETS: Final = frozenset({"describe_key"})
#: The setting that is shown without its password.
_CATALOG: Final = "catalog"
#: In place of the value of a secret setting.
_SET: Final = "set"
#: Tables of `config.toml`: `endpoint` in the table `describe` is the setting `describe_endpoint`.
_TABLES: Final = ("describe",)
_PREFIX = "PHOTOS_"
#: Bytes of `config.toml`.
_LARGEST: Final = 1 << 20
#: Most processes, threads or pictures, and the longest time in any unit: beyond, clocks overflow.
_MOST: Final = 100_000
_LONGEST: Final = 1_000_000
#: Most requests at once: each holds a thread and a picture.
_MOST_REQUESTS: Final = 64
#: Characters of a describer's model and language.
_LONGEST_NAME: Final = 200
#: Least and most pixels of the longest side of pictures for a describer.
_SIDES: Final = (64, 2048)
#: Below the home directory on Linux: https://specifications.freedesktop.org/basedir-spec/
_USUAL = {"config": ".config", "data": ".local/share"}


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of one run. `None` leaves the choice to the program."""

    #: Folder of the catalog, the index and the log; with `catalog` that of the index, the log and the thumbnails.
    library: Path
    #: Folder of downloaded checkpoints.
    models: Path
    #: Address of the catalog on a PostgreSQL server, in place of a file in `library`. It may hold a password, and is in
    #: no text about the settings.
    catalog: str | None = field(default=None, repr=False)
    #: The checkpoint for a library that has none yet: a name or a folder.
    model: str | None = None
    #: "auto", "cpu", "cuda", "cuda:N", "xpu", "xpu:N" or "mps"; None is auto.
    device: str | None = None
    #: One of `PRECISIONS`, for a library that has no embeddings yet.
    precision: str | None = None
    #: The implementation of the image encoder, one of `BACKENDS`.
    backend: str = "own"
    #: "reduced" or "full": the size at which JPEG pictures are decoded, for a library that has no embeddings yet.
    decode: str = DECODINGS[0]
    #: Patches that a picture has at most, one of `PATCHES`: for a library that has no embeddings yet, and a checkpoint
    #: of flexible resolution.
    patches: int | None = None
    #: Number of processes that read and decode.
    workers: int | None = None
    #: Number of threads that the encoders compute with.
    threads: int | None = None
    #: Number of pictures that are encoded at once.
    batch_size: int | None = None
    #: Whether RAW files, live videos, sidecars and originals beside a picture belong to its photo.
    companions: bool = True
    #: Number of photos that a search shows.
    top: int = 10
    #: Least probability of a tag that is shown.
    threshold: float | None = None
    #: Seconds since its last change before `watch` reads a file.
    quiet_seconds: float = 2.0
    #: Minutes between two scans of all folders by `watch`.
    rescan_minutes: float = 60.0
    #: Minutes between two scans of folders in which the system reports no changes.
    poll_minutes: float = 5.0
    #: Minutes without use after which `watch` releases the memory of the encoders.
    idle_minutes: float = 10.0
    #: Whether `watch` answers searches.
    answer_searches: bool = True
    #: Start and end, by the local clock, of the hours in which `watch` does nothing.
    quiet_hours: tuple[time, time] | None = None
    #: Whether `watch` does nothing on battery.
    pause_on_battery: bool = True
    #: Least level of the messages that `watch` logs: one of `LOG_LEVELS`.
    log_level: str = "info"
    #: Whether links to folders are followed.
    follow_links: bool = False
    #: Number of past searches that are remembered.
    remembered_searches: int = 1000
    #: Whether other users may have permissions on the library's files.
    shared: bool = False
    #: Days for which a photo's embedding and tags are kept after its last file went.
    keep_days: float = 30.0
    #: Folders whose files are best among identical ones, the first most.
    duplicates_prefer: tuple[Path, ...] = ()
    #: Whether thumbnails are made and kept.
    thumbnails: bool = True
    #: Gigabytes of previews, the larger pictures, that are kept.
    preview_cache_gb: float = 1.0
    #: Address of the OpenAI-compatible server whose model describes photos.
    describe_endpoint: str | None = None
    #: Name of the model at that server.
    describe_model: str | None = None
    #: Key that the server asks for. It is in no text about the settings.
    describe_key: str | None = field(default=None, repr=False)
    #: Longest side, in pixels, of the pictures that are sent to the server.
    describe_side: int = 720
    #: Language that descriptions are asked for in; the model chooses if it is None.
    describe_language: str | None = None
    #: Seconds in which the server answers a request.
    describe_timeout: float = 120.0
    #: Requests that the server gets at once.
    describe_requests: int = 2
    #: Whether pictures may be sent to a server outside this machine and its private networks.
    describe_remote: bool = False
    #: The describer unless another one is named: `ENDPOINT`, or the name or folder of a Florence-2 checkpoint.
    describe_with: str | None = None
    #: Whether `watch` describes photos.
    describe_new: bool = False
    #: Whether work is left to workers, which needs a catalog on a server.
    queue: bool = False
    #: Pairs of a folder's path in the catalog and its path on this machine, for workers.
    map: tuple[tuple[Path, Path], ...] = ()

    @property
    def decodes_in_full(self) -> bool:
        """True if a new library decodes JPEG pictures at full size."""
        return self.decode == DECODINGS[1]

    @property
    def catalog_place(self) -> CatalogPlace:
        """The place of the catalog."""
        return CatalogPlace(self.library, self.catalog)

    @property
    def index_folder(self) -> Path:
        """Folder of the index files."""
        return index_folder(self.library)

    @property
    def log_path(self) -> Path:
        """File of the daemon's log."""
        return self.library / LOG_FILE

    @property
    def tokenizer_cache(self) -> Path:
        """Folder of tokenizers in a form that loads quickly. Its content can be deleted at any time."""
        return self.models / ".tokenizers"


def load(options: Mapping[str, object], environment: Mapping[str, str]) -> Settings:
    """Read the settings for these *options*; those that are None were not given.

    Raises `SettingError`, naming the variable, or the file and line.
    """
    path = config_path(environment)
    given = [(_option(name), name, value) for name, value in options.items() if value is not None]
    settings = _defaults()
    everything = [*_from_file(path), *_from_environment(environment), *given]
    for place, name, value in everything:
        settings = _with(settings, name, value, place)
    if settings.catalog is not None and not any(name == "library" for _, name, _ in everything):
        settings = replace(settings, library=_folder_for(settings.catalog))
    return settings


def _folder_for(address: str) -> Path:
    """The folder of what belongs to a catalog on a server, unless another one is named."""
    from store.server_address import ServerAddress  # noqa: PLC0415 - most catalogs are files

    return data_path() / "catalogs" / ServerAddress.read(address).key


@dataclass(frozen=True, slots=True)
class SettingInForce:
    """A setting, its value, and its source: "default", "file", "environment" or "option".

    `place` is the file and line, the variable or the option; empty for a default. The value of a secret is "set".
    """

    name: str
    value: object
    source: str
    place: str = ""


def settings_in_force(
    options: Mapping[str, object], environment: Mapping[str, str], names: Sequence[str] = ()
) -> list[SettingInForce]:
    """Return all settings, or those of these *names*, with their sources. *options* are as in `load`.

    Raises `SettingError`, also for an unknown name.
    """
    for name in names:
        if name not in _READERS:
            raise SettingError("photos config", _no_setting(name))
    settings = load(options, environment)
    places = {name: ("file", place) for place, name, _ in _from_file(config_path(environment))}
    places |= {name: ("environment", variable) for variable, name, _ in _from_environment(environment)}
    places |= {name: ("option", _option(name)) for name, value in options.items() if value is not None}
    return [
        SettingInForce(name, _shown(name, getattr(settings, name)), *places.get(name, ("default",)))
        for name in _READERS
        if not names or name in names
    ]


def _shown(name: str, value: object) -> object:
    if name in SECRETS:
        return None if value is None else _SET
    if name == _CATALOG and isinstance(value, str):
        return CatalogPlace(Path(), value).name
    return _without_secrets(value)


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _no_setting(name: str) -> str:
    import difflib  # noqa: PLC0415 - only for a mistake

    near = difflib.get_close_matches(name, _READERS, 1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"there is no setting {name!r}; the settings are {', '.join(_READERS)}{hint}"


def config_path(environment: Mapping[str, str]) -> Path:
    """Path of `config.toml`, whether it exists or not."""
    if named := environment.get("PHOTOS_CONFIG"):
        return Path(named)
    return _platform_folder("config") / "config.toml"


def data_path() -> Path:
    """The platform's folder for this program's data."""
    return _platform_folder("data")


def demo_path() -> Path:
    """The folder of the demo, unless another one is named."""
    return data_path() / "demo"


def _platform_folder(kind: str) -> Path:
    # The same as platformdirs in the usual case: importing it takes a tenth of a search that the daemon answers.
    home, named = os.environ.get("HOME", ""), os.environ.get(f"XDG_{kind.upper()}_HOME", "")
    if sys.platform == "linux" and os.path.isabs(home) and not hasattr(sys, "getandroidapilevel"):
        return Path(named if os.path.isabs(named) else os.path.join(home, _USUAL[kind]), "photos")
    import platformdirs  # noqa: PLC0415 - see above

    return Path(getattr(platformdirs, f"user_{kind}_dir")("photos", appauthor=False))


def _defaults() -> Settings:
    return Settings(library=data_path() / "library", models=data_path() / "models")


def _from_file(path: Path) -> list[tuple[str, str, object]]:
    if not os.path.lexists(path):
        return []
    from store.open_file import read_file  # noqa: PLC0415 - most people have no such file

    try:
        content = read_file(path, _LARGEST)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise SettingError(str(path), f"it cannot be read: {error.strerror or error}") from error
    import tomllib  # noqa: PLC0415 - as above

    try:
        text = content.decode("utf-8-sig")
        settings = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise SettingError(str(path), f"it is not valid TOML ({error})") from error
    found: dict[str, tuple[str, str, object]] = {}
    for table, key, value in _entries(settings):
        name = f"{table}_{key}" if table else key
        place = f"{path}:{_line(text, table, key)}"
        if name in found:
            raise SettingError(place, f"{name} is set already")
        found[name] = place, name, value
    return list(found.values())


def _entries(settings: Mapping[str, object]) -> Iterator[tuple[str, str, object]]:
    """The table, the key and the value of each entry; the table is empty for those of none."""
    for key, value in settings.items():
        if key in _TABLES and isinstance(value, dict):
            yield from ((key, within, inner) for within, inner in value.items())
        else:
            yield "", key, value


def _line(text: str, table: str, key: str) -> int:
    """The line of *key* in *table*, or of the table where that is one line; 1 if it is written in an odd way."""
    begins = 0
    for number, line in enumerate(text.splitlines(), 1):
        if table and _starts(line, table):
            begins = begins or number
            if _starts(line.partition(".")[2], key):
                return number
        elif (begins or not table) and _starts(line, key):
            return number
    return begins or 1


def _starts(line: str, name: str) -> bool:
    return re.match(rf"""\s*\[*\s*["']?{re.escape(name)}["']?\s*[=.\]]""", line) is not None


def _from_environment(environment: Mapping[str, str]) -> list[tuple[str, str, object]]:
    # Variables of other programs may have the same prefix, so unknown ones are no error.
    named = {f"{_PREFIX}{name.upper()}": name for name in _READERS}
    return [(variable, name, environment[variable]) for variable, name in named.items() if environment.get(variable)]


def _with(settings: Settings, name: str, value: object, place: str) -> Settings:
    read = _READERS.get(name)
    if read is None:
        raise SettingError(place, _no_setting(name))
    try:
        read_value = read(value)
    except (TypeError, ValueError) as error:
        given = "" if name in SECRETS or name == _CATALOG else f", not {_without_secrets(value)!r}"
        raise SettingError(place, f"{name} must be {error}{given}") from error
    changed: dict[str, Any] = {name: read_value}
    return replace(settings, **changed)


def _folder(value: object) -> Path:
    if not isinstance(value, str | Path) or "\0" in str(value):
        raise ValueError("a folder's path")
    # Absolute without resolving links: they are the user's names. `Path.expanduser` fails for an unknown user.
    return Path(os.path.expanduser(value)).absolute()


def _folders(value: object) -> tuple[Path, ...]:
    if isinstance(value, str):
        value = [part for part in value.split(os.pathsep) if part]
    if not isinstance(value, list | tuple):
        raise TypeError("a list of folders")
    return tuple(_folder(each) for each in value)


def _pairs(value: object) -> tuple[tuple[Path, Path], ...]:
    """Read a list of REMOTE=LOCAL. The first equals sign separates them."""
    if isinstance(value, str):
        value = [part for part in value.split(os.pathsep) if part]
    if not isinstance(value, list | tuple):
        raise TypeError("a list of texts such as /server/photos=/mnt/photos")
    return tuple(_pair(each) for each in value)


def _pair(value: object) -> tuple[Path, Path]:
    remote, _, local = str(value).partition("=")
    if not remote.startswith("/") or not local:
        raise ValueError("a list of texts such as /server/photos=/mnt/photos")
    # The first is a path of another machine: its links and home folders are not those of this one.
    return Path(os.path.normpath(remote)), _folder(local)


def _catalog(value: object) -> str | None:
    """Read the address of a catalog. An empty one is the file in the library's folder."""
    from store.errors import BadCatalogAddress  # noqa: PLC0415 - most people have no such setting
    from store.server_address import ServerAddress  # noqa: PLC0415 - as above

    if value == "":
        return None
    try:
        ServerAddress.read(_text(value))
    except (ValueError, BadCatalogAddress):
        raise ValueError(
            "an address such as postgresql://user@host/database, with %40 for @, %2F for / and %3A for : in a password"
        ) from None
    return str(value)


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("a name")
    return value


def _short_name(value: object) -> str:
    """Read a name that a describer gets, and that stands in names of describers."""
    name = value.strip() if isinstance(value, str) else ""
    if not name or not name.isprintable() or len(name) > _LONGEST_NAME:
        raise ValueError(f"a name in one line of at most {_LONGEST_NAME} characters")
    return name


def _without_secrets(value: object) -> object:
    """Leave a password and the query out of an address: some services take their key there."""
    if not isinstance(value, str) or "://" not in value:
        return value
    return re.sub(r"\?.+", "?…", re.sub("//.*@", "//…@", value, flags=re.DOTALL), flags=re.DOTALL)


def _address(value: object) -> str:
    """Read the address of a server. The describer checks the rest of it."""
    from urllib.parse import urlsplit  # noqa: PLC0415 - most people have no such setting

    try:
        parts = urlsplit(_text(value))
        is_whole = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_whole = False
    if not is_whole:
        raise ValueError('an address such as "http://localhost:11434/v1"')
    if parts.username is not None or parts.password is not None:
        raise ValueError("an address without a name and password, for which describe_key is there")
    return str(value).strip()


def _key(value: object) -> str:
    # It is sent in a header, which a line feed would end.
    if not isinstance(value, str) or not re.fullmatch("[!-~]+", value):
        raise ValueError("letters, digits and signs of ASCII, without spaces")
    return value


def _side(value: object) -> int:
    number = _count(value)
    if not _SIDES[0] <= number <= _SIDES[1]:
        raise ValueError(f"from {_SIDES[0]} to {_SIDES[1]} pixels")
    return number


def _one_of(*choices: str) -> Callable[[object], str]:
    def read(value: object) -> str:
        if value not in choices:
            raise ValueError(f"one of {', '.join(choices)}")
        return str(value)

    return read


def _device(value: object) -> str:
    if not isinstance(value, str) or not DEVICE.fullmatch(value):
        raise ValueError("auto, cpu, cuda, cuda:N, xpu, xpu:N or mps")
    return "cpu" if value.startswith("cpu") else value


def _count(value: object) -> int:
    try:
        number = int(value) if isinstance(value, int | str) and not isinstance(value, bool) else 0
    except ValueError:
        number = 0
    if number < 1:
        raise ValueError("a whole number from 1 on")
    return number


def _number(value: object) -> int:
    return 0 if value in (0, "0") and not isinstance(value, bool) else _size(value)


def _size(value: object) -> int:
    number = _count(value)
    if number > _MOST:
        raise ValueError(f"at most {_MOST}")
    return number


def _requests(value: object) -> int:
    number = _count(value)
    if number > _MOST_REQUESTS:
        raise ValueError(f"at most {_MOST_REQUESTS}")
    return number


def _patches(value: object) -> int:
    try:
        number = _count(value)
    except ValueError:
        number = 0
    if number not in PATCHES:
        raise ValueError(f"one of {', '.join(map(str, PATCHES))}")
    return number


def _yes_or_no(value: object) -> bool:
    spelled = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    found = spelled.get(str(value).lower())
    if found is None:
        raise ValueError("true or false")
    return found


def _hours(value: object) -> tuple[time, time]:
    start, _, end = str(value).partition("-")
    try:
        hours = time.fromisoformat(start.strip()), time.fromisoformat(end.strip())
    except ValueError:
        hours = time.min, time.min
    if hours[0] == hours[1]:
        raise ValueError('two times such as "09:00-17:30"')
    return hours


def _span(value: object) -> float:
    try:
        number = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else 0.0
    except (ValueError, OverflowError):
        number = 0.0
    if not 0 < number < math.inf:
        raise ValueError("a number greater than 0")
    if number > _LONGEST:
        raise ValueError(f"at most {_LONGEST}")
    return number


def _not_negative(value: object) -> float:
    return 0.0 if value in (0, "0") else _span(value)


def _probability(value: object) -> float:
    try:
        number = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else -1.0
    except (ValueError, OverflowError):
        number = -1.0
    if not 0 <= number <= 1:
        raise ValueError("a probability from 0 to 1")
    return number


_READERS: dict[str, Callable[[object], object]] = {
    "library": _folder,
    "catalog": _catalog,
    "models": _folder,
    "model": _text,
    "device": _device,
    "precision": _one_of(*PRECISIONS),
    "backend": _one_of(*BACKENDS),
    "decode": _one_of(*DECODINGS),
    "patches": _patches,
    "workers": _size,
    "threads": _size,
    "batch_size": _size,
    "companions": _yes_or_no,
    "top": _count,
    "threshold": _probability,
    "quiet_seconds": _span,
    "rescan_minutes": _span,
    "poll_minutes": _span,
    "idle_minutes": _span,
    "answer_searches": _yes_or_no,
    "quiet_hours": _hours,
    "pause_on_battery": _yes_or_no,
    "log_level": _one_of(*LOG_LEVELS),
    "follow_links": _yes_or_no,
    "remembered_searches": _number,
    "shared": _yes_or_no,
    "keep_days": _not_negative,
    "duplicates_prefer": _folders,
    "thumbnails": _yes_or_no,
    "preview_cache_gb": _not_negative,
    "describe_endpoint": _address,
    "describe_model": _short_name,
    "describe_key": _key,
    "describe_side": _side,
    "describe_language": _short_name,
    "describe_timeout": _span,
    "describe_requests": _requests,
    "describe_remote": _yes_or_no,
    "describe_with": _text,
    "describe_new": _yes_or_no,
    "queue": _yes_or_no,
    "map": _pairs,
}
assert set(_READERS) == {each.name for each in fields(Settings)}
