"""Addresses of servers, read without a driver."""

import pytest

from store import BadCatalogAddress
from store.server_address import ServerAddress

SECRET = "s3cret"


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("postgresql://ann@host/photos", "postgresql://ann@host/photos"),
        (f"postgres://ann:{SECRET}@host:5433/photos", "postgresql://ann@host:5433/photos"),
        (f"postgresql+psycopg://ann:{SECRET}?#@host/photos", "postgresql://ann@host/photos"),
        (
            f"postgresql://ann:{SECRET}@one:5432,[::1]:5433/photos?target_session_attrs=prefer-standby",
            "postgresql://ann@one:5432,[::1]:5433/photos",
        ),
        (
            f"postgresql://ann@/photos?host=%2Frun%2Fdb&password={SECRET}&sslpassword={SECRET}",
            "postgresql://ann@/photos?host=/run/db",
        ),
        ("postgresql:///?service=archive&sslmode=require", "postgresql:///?service=archive"),
    ],
)
def test_people_see_the_address_without_its_password(address, name):
    read = ServerAddress.read(address)
    assert read.name == name
    assert SECRET not in repr(read) + read.without_password


def test_a_command_line_keeps_the_parameters_that_are_no_secrets():
    address = f"postgresql+psycopg://ann:{SECRET}@host/photos?sslmode=require&password={SECRET}"
    assert ServerAddress.read(address).without_password == "postgresql://ann@host/photos?sslmode=require"


@pytest.mark.parametrize("name", ["password", "%70assword", "sslpassword", "scram_client_key", "scram_server_key"])
def test_a_command_line_has_no_secret_however_it_is_called(name):
    address = f"postgresql://ann@host/photos?sslmode=require&{name}={SECRET}"
    assert ServerAddress.read(address).without_password == "postgresql://ann@host/photos?sslmode=require"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "photos",
        "postgresql://host",
        "postgresql://host/",
        "postgresql:///?sslmode=require",
        "http://host/photos",
        f"postgresql://ann:{SECRET}/x@host/photos",
        f"postgresql://ann:{SECRET}@x@host/photos",
        f"postgresql://ann:{SECRET}@host:port/photos",
        f"postgresql://ann:{SECRET}@host/photos?sslmode",
        f"postgresql://ann:{SECRET}@host/pho tos",
        f"postgresql://ann:{SECRET}@host/photos\n",
    ],
)
def test_what_is_no_address_is_not_repeated(address):
    with pytest.raises(BadCatalogAddress) as raised:
        ServerAddress.read(address)
    assert SECRET not in str(raised.value)


def test_each_database_has_a_key_of_its_own_whoever_opens_it():
    keys = {
        ServerAddress.read(f"postgresql://{place}").key
        for place in ("host/photos", "host/other", "host:5433/photos", "/photos?host=/run/db", "/?service=photos")
    }
    assert len(keys) == 5
    assert all(key.replace("-", "").replace(".", "").isalnum() for key in keys)
    same = {
        ServerAddress.read(address).key
        for address in ("postgresql://ann:a@host/photos", "postgres://bob@HOST/photos?sslmode=require")
    }
    assert len(same) == 1
    assert next(iter(same)).startswith("host-photos-")


def test_a_key_is_short_and_no_path():
    key = ServerAddress.read(f"postgresql:///{'x' * 300}?host=%2E%2E%2F%2E%2E%2Fetc").key
    assert len(key) < 60
    assert "/" not in key
    assert not key.startswith(".")
