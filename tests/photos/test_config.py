"""Settings and their precedence."""

from __future__ import annotations

from pathlib import Path

import platformdirs
import pytest

from photos import catalog_place
from photos.config import config_path, data_path, load, settings_in_force
from photos.errors import SettingError
from store import private_files


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "config.toml"

    def write(text: str | bytes) -> dict[str, str]:
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return {"PHOTOS_CONFIG": str(path)}

    return write


def test_the_default_library_is_in_the_data_folder(own_home):
    assert load({}, {}).library == own_home / ".local/share/photos/library"


@pytest.mark.parametrize("kind", ["config", "data"])
@pytest.mark.parametrize("named", [None, "", "relative", "/some/where", "/some/where/"])
def test_the_folders_are_those_of_platformdirs(kind, named, monkeypatch):
    if named is not None:
        monkeypatch.setenv(f"XDG_{kind.upper()}_HOME", named)
    found = {"config": config_path({}).parent, "data": data_path()}[kind]
    assert found == Path(getattr(platformdirs, f"user_{kind}_dir")("photos", appauthor=False))


def test_options_override_environment_file_and_default(config):
    environment = config("top = 20\nworkers = 3\nbatch_size = 8\n") | {"PHOTOS_TOP": "30", "PHOTOS_WORKERS": "4"}
    settings = load({"top": 40, "workers": None}, environment)
    assert (settings.top, settings.workers, settings.batch_size) == (40, 4, 8)


def test_an_unknown_key_is_reported_with_file_and_line(config):
    with pytest.raises(SettingError, match=r"config\.toml:3: there is no setting 'topp'; the settings are library, "):
        load({}, config("# mine\ntop = 20\ntopp = 30\n"))


def test_a_table_is_reported_as_an_unknown_key(config):
    with pytest.raises(SettingError, match=r"config\.toml:2: there is no setting 'search'"):
        load({}, config("\n[search]\ntop = 3\n"))


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("top = 0", "top must be a whole number from 1 on, not 0"),
        ("top = true", "top must be a whole number from 1 on, not True"),
        ('top = "many"', "top must be a whole number from 1 on, not 'many'"),
        ("threshold = 1.5", "threshold must be a probability from 0 to 1, not 1.5"),
        ("threshold = nan", "threshold must be a probability from 0 to 1, not nan"),
        ("workers = 100001", "workers must be at most 100000, not 100001"),
        ("idle_minutes = 1e300", "idle_minutes must be at most 1000000, not 1e+300"),
        ("keep_days = nan", "keep_days must be a number greater than 0, not nan"),
        ("quiet_seconds = " + "9" * 400, "quiet_seconds must be a number greater than 0, not " + "9" * 400),
        ('device = "gpu"', "device must be auto, cpu, cuda, cuda:N, xpu, xpu:N or mps, not 'gpu'"),
        ('device = "cpu:1"', "device must be auto, cpu, cuda, cuda:N, xpu, xpu:N or mps, not 'cpu:1'"),
        ("device = 1", "device must be auto, cpu, cuda, cuda:N, xpu, xpu:N or mps, not 1"),
        ('log_level = "loud"', "log_level must be one of debug, info, warning, error, not 'loud'"),
        ('model = ""', "model must be a name, not ''"),
        ("library = 3", "library must be a folder's path, not 3"),
        ("describe.side = 9", "describe_side must be from 64 to 2048 pixels, not 9"),
        ("describe_requests = 65", "describe_requests must be at most 64, not 65"),
        (
            'describe = { endpoint = "ollama" }',
            """describe_endpoint must be an address such as "http://localhost:11434/v1", not 'ollama'""",
        ),
        (
            'describe.endpoint = "http://me:word@host/v1"',
            (
                "describe_endpoint must be an address without a name and password, for which describe_key is there, "
                "not 'http://…@host/v1'"
            ),
        ),
        (
            'describe.endpoint = "http://me:a@b/c@host/v1?key=word"',
            (
                "describe_endpoint must be an address without a name and password, for which describe_key is there, "
                "not 'http://…@host/v1?…'"
            ),
        ),
        (
            'describe.model = "a\\nb"',
            "describe_model must be a name in one line of at most 200 characters, not 'a\\nb'",
        ),
        ('describe.language = " "', "describe_language must be a name in one line of at most 200 characters, not ' '"),
        ('describe.key = "two words"', "describe_key must be letters, digits and signs of ASCII, without spaces"),
    ],
)
def test_a_wrong_value_is_reported_with_its_line(config, line, sentence):
    with pytest.raises(SettingError) as caught:
        load({}, config(line))
    assert str(caught.value).endswith(f"config.toml:1: {sentence}.")
    assert caught.value.status == 2


def test_a_wrong_variable_is_reported():
    with pytest.raises(SettingError, match=r"^PHOTOS_TOP: top must be a whole number"):
        load({}, {"PHOTOS_TOP": "ten"})


def test_variables_of_other_programs_are_ignored():
    assert load({}, {"PHOTOS_FOLDER": "/mnt", "PHOTOS_TOP": ""}).top == 10


@pytest.mark.parametrize("content", [b"top = = 3", b"\xff\xfe\x00", b"top = " + b"[" * 5000, b"top = " + b"9" * 5000])
def test_a_file_that_is_not_toml_is_reported_in_one_sentence(config, content):
    with pytest.raises(SettingError, match="not valid TOML"):
        load({}, config(content))


def test_a_byte_order_mark_is_ignored(config):
    assert load({}, config(b"\xef\xbb\xbftop = 7\n")).top == 7


def test_a_tilde_means_the_home_folder(config, own_home):
    settings = load({}, config('library = "~/pictures-library"'))
    assert settings.library == own_home / "pictures-library"
    assert settings.catalog_place.name == settings.library / "catalog.sqlite3"


def test_a_library_given_as_an_option_is_made_absolute(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert load({"library": Path("here")}, {}).library == tmp_path / "here"


def test_a_tilde_with_an_unknown_name_is_a_folders_name(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert load({"library": "~no-such-user/here"}, {}).library == tmp_path / "~no-such-user/here"


@pytest.mark.parametrize("variable", ["PHOTOS_DESCRIBE_MODEL", "PHOTOS_DESCRIBE_LANGUAGE"])
def test_a_name_for_a_describer_is_text_that_can_be_stored(variable):
    with pytest.raises(SettingError, match="must be a name in one line"):
        load({}, {variable: "m\udcff"})
    settings = load({}, {variable: " hf.co/a b:Q4 "})
    assert "hf.co/a b:Q4" in {settings.describe_model, settings.describe_language}


@pytest.mark.parametrize(
    ("given", "kept"),
    [("auto", "auto"), ("cpu:0", "cpu"), ("cuda", "cuda"), ("cuda:12", "cuda:12"), ("xpu:1", "xpu:1"), ("mps", "mps")],
)
def test_devices_are_kept_by_name(given, kept):
    assert load({"device": given}, {}).device == kept


def test_the_catalog_has_one_name():
    assert catalog_place.CATALOG_FILE == private_files.CATALOG_FILE


@pytest.mark.parametrize(
    "written",
    [
        'describe_endpoint = "http://localhost:11434/v1"\ndescribe_side = 640\n',
        '[describe]\nendpoint = "http://localhost:11434/v1"\nside = 640\n',
        'describe.endpoint = "http://localhost:11434/v1"\ndescribe.side = 640\n',
        'describe = { endpoint = "http://localhost:11434/v1", side = 640 }\n',
    ],
)
def test_settings_of_describers_may_stand_in_a_table(config, written):
    settings = load({}, config(f"top = 3\n{written}"))
    assert (settings.top, settings.describe_endpoint) == (3, "http://localhost:11434/v1")
    assert settings.describe_side == 640


@pytest.mark.parametrize(
    ("written", "line", "name"),
    [
        ("model = 'a'\n[describe]\n\nmodle = 'b'\n", 4, "describe_modle"),
        ("describe.model = 'a'\ndescribe.modle = 'b'\n", 2, "describe_modle"),
        ("top = 3\ndescribe = { modle = 'b' }\n", 2, "describe_modle"),
        ("top = 3\ndescribe = 4\n", 2, "describe"),
    ],
)
def test_an_unknown_key_in_a_table_has_its_line(config, written, line, name):
    with pytest.raises(SettingError, match=rf"config\.toml:{line}: there is no setting '{name}'"):
        load({}, config(written))


def test_a_setting_is_not_set_in_two_ways(config):
    with pytest.raises(SettingError, match=r"config\.toml:3: describe_model is set already"):
        load({}, config("describe_model = 'a'\n[describe]\nmodel = 'b'\n"))


def test_a_key_is_in_no_text_about_settings(config):
    environment = config("describe.key = 'from-the-file'\n")
    (found,) = settings_in_force({}, environment, ["describe_key"])
    assert (found.value, found.source) == ("set", "file")
    (found,) = settings_in_force({}, {"PHOTOS_DESCRIBE_KEY": "from-there"}, ["describe_key"])
    assert (found.value, found.source) == ("set", "environment")
    assert settings_in_force({}, {}, ["describe_key"])[0].value is None
    (found,) = settings_in_force({}, {"PHOTOS_DESCRIBE_ENDPOINT": "http://host/v1?key=word"}, ["describe_endpoint"])
    assert found.value == "http://host/v1?…"
    settings = load({}, environment)
    assert settings.describe_key == "from-the-file"
    assert "from-the-file" not in repr(settings)
    with pytest.raises(SettingError) as caught:
        load({}, {"PHOTOS_DESCRIBE_KEY": "wrong\nsecret"})
    assert "secret" not in str(caught.value)
