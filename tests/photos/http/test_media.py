"""Pictures through HTTP: thumbnails, previews, and files that are only those of the library."""

from __future__ import annotations

import gzip
import io
import os
import socket
from pathlib import Path
from zipfile import ZipFile

import pytest
from PIL import Image

from .client import answering


def photo(api, name):
    (found,) = api.get("photos", query=f"name:{name}").json["matches"]
    return found


def picture(reply):
    assert reply.status == 200, reply.content
    return Image.open(io.BytesIO(reply.content))


@pytest.mark.parametrize(("size", "kind", "side"), [("thumbnail", "WEBP", 320), ("preview", "JPEG", 1440)])
def test_small_pictures_are_made_and_kept_by_browsers(filled, api, pictures, size, kind, side):
    Image.new("RGB", (3000, 1000), (219, 31, 30)).save(pictures / "large.png")
    assert filled("index").status == 0
    found = photo(api, "large.png")
    reply = api("GET", found["media"][size])
    assert (picture(reply).format, picture(reply).width) == (kind, side)
    assert "immutable" in reply.headers["cache-control"]
    again = api("GET", found["media"][size], None, {"If-None-Match": reply.headers["etag"]})
    assert (again.status, again.content) == (304, b"")
    name = found["media"][size].rpartition("/")[2]
    by_number = api("GET", f"/media/id/{found['id']}/{name}")
    assert by_number.content == reply.content
    assert "no-cache" in by_number.headers["cache-control"]


def test_an_original_is_the_file_in_a_sandbox(api, pictures):
    found = photo(api, "red.png")
    content = (pictures / "red.png").read_bytes()
    for address in (found["media"]["original"], f"/media/id/{found['id']}/original"):
        reply = api("GET", address)
        assert (reply.status, reply.content, reply.headers["content-type"]) == (200, content, "image/png")
        assert reply.headers["content-security-policy"].startswith("sandbox;")
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert reply.headers["content-disposition"] == "inline; filename*=UTF-8''red.png"
        assert reply.headers["content-length"] == str(len(content))
        saved = api("GET", address, download="1")
        assert saved.headers["content-disposition"].startswith("attachment;")
        head = api("HEAD", address)
        assert (head.status, head.content, head.headers["content-length"]) == (200, b"", str(len(content)))


@pytest.mark.parametrize(
    ("wanted", "status", "part"),
    [
        ("bytes=0-9", 206, slice(0, 10)),
        ("bytes=10-", 206, slice(10, None)),
        ("bytes=-10", 206, slice(-10, None)),
        ("bytes=0-999999", 206, slice(None)),
        ("bytes=0-1,5-6", 200, slice(None)),
        ("lines=1-2", 200, slice(None)),
        ("bytes=-", 200, slice(None)),
        ("bytes=9-3", 416, None),
        ("bytes=999999-", 416, None),
        ("bytes=-0", 416, None),
    ],
)
def test_a_part_of_an_original_can_be_asked_for(api, pictures, wanted, status, part):
    content = (pictures / "red.png").read_bytes()
    reply = api("GET", photo(api, "red.png")["media"]["original"], None, {"Range": wanted})
    if status == 200 and part == slice(None):
        assert reply.status in {200, 206}
    else:
        assert reply.status == status
    if part is not None:
        assert reply.content == content[part]


def test_a_part_of_another_content_is_not_mixed_in(api):
    address = photo(api, "red.png")["media"]["original"]
    reply = api("GET", address, None, {"Range": "bytes=0-9", "If-Range": '"another"'})
    assert (reply.status, len(reply.content) > 10) == (200, True)


@pytest.mark.parametrize(
    "path",
    [
        "/media/id/99/320.webp", "/media/id/0/320.webp", "/media/id/x/320.webp",
        "/media/id/99999999999999999999/320.webp", "/media/0123456789abcdef/320.webp", "/media/0123/320.webp",
        "/media/../../etc/passwd", "/media/id/1/../../x",
        "/media/id/1/99.jpg", "/media/0123456789ABCDEF/original", "/media/0123456789abcdef0/original",
        "/media/id/99/original",
    ],
)  # fmt: skip
def test_there_is_nothing_else(api, path):
    assert api("GET", path).status == 404


def test_only_a_file_that_is_as_it_was_indexed_is_opened(api, pictures, tmp_path):
    found = photo(api, "red.png")
    secret = tmp_path / "secret.png"
    secret.write_bytes(b"secret")
    path = pictures / "red.png"
    path.unlink()
    for make in (
        lambda: os.mkfifo(path),
        lambda: path.symlink_to(secret),
        lambda: path.write_bytes(b"other"),
        path.mkdir,
    ):
        make()
        reply = api("GET", found["media"]["original"])
        assert (reply.status, reply.json["code"]) == (404, "photo_gone")
        if path.is_dir():
            path.rmdir()
        else:
            path.unlink()
    assert api("GET", found["media"]["original"]).status == 404


def test_a_thumbnail_outlives_its_file(filled, api, pictures):
    found = photo(api, "red.png")
    before = api("GET", found["media"]["thumbnail"]).content
    (pictures / "red.png").unlink()
    assert api("GET", found["media"]["thumbnail"]).content == before
    assert api("GET", f"/media/id/{found['id']}/2048.jpg").json["code"] == "photo_gone"


def test_a_folder_that_is_away_is_named(api, pictures):
    found = photo(api, "red.png")
    for make_away in (lambda: pictures.rename(pictures.with_name("away")), pictures.mkdir):
        make_away()
        for address in (found["media"]["original"], f"/media/id/{found['id']}/2048.jpg"):
            reply = api("GET", address)
            assert (reply.status, reply.json["code"]) == (404, "folder_offline")
            assert str(pictures) in reply.json["title"]
        assert api("GET", found["media"]["thumbnail"]).status == 200
    pictures.rmdir()
    pictures.with_name("away").rename(pictures)
    assert api("GET", found["media"]["original"]).status == 200


def test_the_cache_may_be_deleted_at_any_time(filled, api):
    found = photo(api, "red.png")
    before = picture(api("GET", found["media"]["thumbnail"])).size
    for file in filled.library.glob("thumbnails.sqlite*"):
        file.unlink()
    assert picture(api("GET", found["media"]["thumbnail"])).size == before


def test_a_client_that_never_reads_a_file_keeps_nobody_waiting(filled, pictures):
    with (pictures / "red.png").open("ab") as file:
        file.write(os.urandom(20_000_000))
    assert filled("index").status == 0
    with answering(filled.library, patience=0.5) as api:
        found = photo(api, "red.png")
        host, port = api.browser.host, int(api.browser.port)
        slow = [socket.create_connection((host, port)) for _ in range(31)]
        from photos.http.access.credentials import make_token

        key = make_token(filled.library)
        for each in slow:
            head = (
                f"GET /media/id/{found['id']}/original HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n"
            )
            each.sendall(f"{head}\r\n".encode())
        assert api.get("photos").status == 200
        for each in slow:
            each.settimeout(20)
            received = 0
            with each:
                try:
                    while part := each.recv(1 << 20):
                        received += len(part)
                except ConnectionError:
                    break
        assert api.get("photos").status == 200


def test_files_of_several_photos_come_as_one_archive(filled, api, pictures):
    (pictures / "bright" / "red.png").write_bytes((pictures / "blue.png").read_bytes() + b"\0")
    assert filled("index").status == 0
    known = {each["path"]: each["id"] for each in api.get("photos", query="name:red.png").json["matches"]}
    assert len(known) == 2
    numbers = [*known.values(), 999_999]
    reply = api("GET", "/media/archive.zip", ids=",".join(map(str, numbers)))
    assert (reply.status, reply.headers["content-type"]) == (200, "application/zip")
    with ZipFile(io.BytesIO(reply.content)) as archive:
        assert archive.testzip() is None
        found = {name: archive.read(name) for name in archive.namelist()}
    (first, one), (second, other) = known.items()
    assert found == {"red.png": Path(first).read_bytes(), f"red-{other}.png": Path(second).read_bytes()}
    assert one != other
    assert api("GET", "/media/archive.zip", ids="1,x").status == 400
    assert api("GET", "/media/archive.zip").status == 400


def entries(reply):
    assert reply.status == 200, reply.content
    with ZipFile(io.BytesIO(reply.content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def test_an_archive_has_the_sidecars_beside_the_files(filled, api, pictures):
    other = pictures / "bright" / "red.png"
    other.write_bytes((pictures / "blue.png").read_bytes() + b"\0")
    packet = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><!--%d--></x:xmpmeta>'
    (pictures / "red.png.xmp").write_bytes(packet % 1)
    (other.parent / "red.xmp").write_bytes(packet % 2)
    (pictures / "blue.xmp").write_bytes(packet % 3)
    secret = pictures / "secret"
    secret.write_bytes(b"secret")
    assert filled("index").status == 0
    (pictures / "blue.xmp").unlink()
    (pictures / "blue.xmp").symlink_to(secret)
    numbers = [each["id"] for each in api.get("photos", query="name:red.png").json["matches"]]
    numbers.append(photo(api, "blue.png")["id"])
    known = api.get("photos", ids=",".join(map(str, numbers))).json["matches"]
    first, second = (Path(each["path"]) for each in known[:2])
    renamed = f"red-{numbers[1]}"
    beside = {pictures / "red.png": ".png.xmp", other: ".xmp"}
    wanted = {
        "red.png": first.read_bytes(),
        f"red{beside[first]}": first.with_suffix(beside[first]).read_bytes(),
        f"{renamed}.png": second.read_bytes(),
        f"{renamed}{beside[second]}": second.with_suffix(beside[second]).read_bytes(),
        "blue.png": (pictures / "blue.png").read_bytes(),
    }
    asked = {"photos": numbers, "sidecars": True}
    prepared = api("POST", "/api/v1/archives", asked)
    assert (prepared.status, prepared.json["photos"]) == (201, 3)
    assert entries(api("GET", prepared.json["address"])) == wanted
    assert entries(api("GET", "/media/archive.zip", ids=",".join(map(str, numbers)), sidecars="1")) == wanted
    plain = api("POST", "/api/v1/archives", {**asked, "sidecars": False}).json["address"]
    assert sorted(entries(api("GET", plain))) == sorted(name for name in wanted if name.endswith(".png"))


def test_a_prepared_archive_has_up_to_20_000_photos(api):
    prepared = api("POST", "/api/v1/archives", {"photos": list(range(1, 20_001))})
    assert prepared.status == 201
    assert len(entries(api("GET", prepared.json["address"]))) == api.get("photos").json["total"]
    assert api("POST", "/api/v1/archives", {"photos": list(range(1, 20_002))}).json["field"] == "photos"
    for _ in range(16):
        assert api("POST", "/api/v1/archives", {"photos": [1]}).status == 201
    assert api("GET", prepared.json["address"]).json["code"] == "not_found"


def test_the_page_is_compressed_and_asked_for_again(api):
    reply = api("GET", "/static/main.js", None, {"Accept-Encoding": "gzip"})
    assert (reply.status, reply.headers["content-encoding"]) == (200, "gzip")
    assert gzip.decompress(reply.content).startswith(b"/** The gallery")
    assert "no-cache" in reply.headers["cache-control"]
    assert api("GET", "/static/main.js", None, {"If-None-Match": reply.headers["etag"]}).status == 304
    assert api("GET", "/static/../http/app.py").status == 404
    assert b'<script type="module"' in api("GET", "/").content
