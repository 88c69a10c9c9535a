"""The setting that names a catalog on a server: which folder belongs to it, and where its password is not shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from photos.catalog_place import CatalogPlace
from photos.config import data_path, load, settings_in_force
from photos.daemon.autostart import install
from photos.errors import SettingError

SECRET = "s3cret"
ADDRESS = f"postgresql://ann:{SECRET}@host/photos"


def test_each_catalog_on_a_server_has_a_folder_of_its_own(tmp_path):
    one, other = (load({"catalog": f"postgresql://host/{name}"}, {}).library for name in ("one", "two"))
    assert one != other
    assert one.parent == other.parent == data_path() / "catalogs"
    assert load({"catalog": ADDRESS, "library": tmp_path}, {}).library == tmp_path


def test_an_empty_address_is_the_file_in_the_library():
    environment = {"PHOTOS_CATALOG": ADDRESS}
    assert load({}, environment).catalog == ADDRESS
    settings = load({"catalog": ""}, environment)
    assert settings.catalog is None
    assert settings.catalog_place.name == data_path() / "library" / "catalog.sqlite3"


def test_the_password_is_in_no_text_about_the_settings():
    settings = load({"catalog": ADDRESS}, {})
    (shown,) = settings_in_force({"catalog": ADDRESS}, {}, ["catalog"])
    assert shown.value == "postgresql://ann@host/photos"
    assert SECRET not in repr(settings)


@pytest.mark.parametrize("place", ["option", "environment", "file"])
def test_a_wrong_address_is_not_repeated(place, tmp_path):
    wrong = f"postgresql://ann:{SECRET} @host/photos"
    options = {"catalog": wrong} if place == "option" else {}
    environment = {"PHOTOS_CATALOG": wrong} if place == "environment" else {}
    if place == "file":
        (tmp_path / "config.toml").write_text(f"catalog = {json.dumps(wrong)}\n")
        environment["PHOTOS_CONFIG"] = str(tmp_path / "config.toml")
    with pytest.raises(SettingError, match="postgresql://user@host/database") as raised:
        load(options, environment)
    assert SECRET not in str(raised.value)


def test_a_service_file_names_the_catalog_without_its_password(tmp_path):
    place = CatalogPlace(tmp_path / "library", f"{ADDRESS}?sslmode=require")
    path, _ = install(place.library, {"HOME": str(tmp_path)}, "linux", place.address_without_password)
    content = path.read_text()
    assert '"--catalog" "postgresql://ann@host/photos?sslmode=require"' in content
    assert SECRET not in content


def test_a_catalog_on_a_server_is_told_from_others_without_asking_it(tmp_path):
    identities = [
        CatalogPlace(tmp_path, address).identity()
        for address in (None, ADDRESS, "postgresql://ann@host/other", f"{ADDRESS}?options=-csearch_path%3Dother")
    ]
    assert identities[0] is None
    assert len(set(identities)) == 4
    assert CatalogPlace(Path("/elsewhere"), "postgresql://ann@host/photos").identity() == identities[1]
