"""Access to the server: without credentials, a known name and a proof, no byte of a photo is sent."""

from __future__ import annotations

import stat
from urllib.parse import parse_qs, urlsplit

import pytest

from photos.daemon.gallery import gallery_address
from photos.http.access.access_control import AccessRules
from photos.http.access.credentials import CODE_SECONDS, SESSION_SECONDS, Credentials, make_token, read_token
from photos.http.access.kept_sessions import SESSIONS_FILE, KeptSessions
from photos.http.routes import BASE, ROUTES

from .client import answering

HOSTILE = [
    "evil.example", "evil.example:8470", "localhost.evil.example", "127.0.0.1.evil.example", "127.0.0.1.nip.io",
    "localhost@evil.example", "evil.example#localhost", "evil.example/localhost", "localhost:80:80", "192.168.1.5",
    "0.0.0.0", "127.0.0.2", "2130706433", "0x7f.1", "[::2]", "[::ffff:127.0.0.1]", "localhost.",
    "LOCALHOST.EVIL.EXAMPLE", "photos", "", " ", "127.0.0.1 evil.example", "xn--lcalhost-54a",
]  # fmt: skip
SAME = {"Sec-Fetch-Site": "same-origin"}
#: Requests to every route, with something in the place of each parameter.
EVERY = [
    *((route.method, BASE + route.path.replace("{id}", "1").replace("{number}", "1").replace("{name:path}", "red")
       .replace("{label:path}", "red").replace("{name}", "colours")) for route in ROUTES),
    ("GET", f"{BASE}/events"), ("GET", "/openapi.json"), ("GET", "/static/main.js"), ("GET", "/favicon.ico"),
    ("GET", "/media/id/1/320.webp"), ("GET", "/media/id/1/original"), ("GET", "/media/0123456789abcdef/1440.jpg"),
    ("POST", "/logout"), ("POST", "/v1/search"), ("POST", "/v1/open"),
]  # fmt: skip
UNSAFE = [each for each in EVERY if each[0] != "GET"]


@pytest.fixture
def token(filled):
    return {"Authorization": f"Bearer {make_token(filled.library)}"}


def logged_in(api):
    """Return the headers of a browser that came in by a one-time code."""
    fragment = parse_qs(urlsplit(gallery_address(api.library)).fragment)
    reply = api.browser("POST", "/login", {"code": fragment["code"][0]}, SAME)
    assert (reply.status, reply.content) == (204, b"")
    return {"Cookie": reply.headers["set-cookie"].partition(";")[0]}


def test_hostile_hosts_are_refused(api, token):
    assert len(HOSTILE) >= 20
    for host in HOSTILE:
        for path in ("/", f"{BASE}/photos", "/media/id/1/original", "/login"):
            assert api.browser("GET", path, None, token | {"Host": host}).status == 400, host


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "LocalHost:8470"])
def test_the_names_of_this_machine_are_known(api, token, host):
    assert api.browser("GET", f"{BASE}/photos", None, token | {"Host": host}).status == 200


def test_two_hosts_are_refused(api, token):
    for hosts in (["localhost", "evil.example"], ["evil.example", "localhost"]):
        assert api.browser("GET", f"{BASE}/photos", None, token | {"Host": hosts}).status == 400


@pytest.mark.parametrize(
    "key", [{}, {"Cookie": "photos-0=x"}, {"Authorization": "Bearer x"}, {"Authorization": "Bearer "}]
)
def test_without_a_key_there_is_nothing(api, key):
    headers = {"Content-Type": "application/json"} | SAME | key
    for method, path in EVERY:
        body = None if method in {"GET", "DELETE"} else b"{}"
        reply = api.browser(method, path, body, headers)
        assert reply.status == (404 if path.startswith("/v1/") else 401), path
        assert reply.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "proof",
    [
        {},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "{base}.evil.example"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"},
    ],
)
def test_another_page_changes_nothing(api, proof):
    key = logged_in(api) | {"Content-Type": "application/json"}
    key |= {name: value.replace("{base}", api.browser.base) for name, value in proof.items()}
    for method, path in UNSAFE:
        reply = api.browser(method, path, None if method == "DELETE" else b"{}", key)
        assert reply.status == (404 if path.startswith("/v1/") else 403), path
    assert api.service.jobs.all() == []


def test_a_browser_comes_in_by_a_code_and_changes_things(api):
    key = logged_in(api)
    assert api.browser("GET", f"{BASE}/photos", None, key).status == 200
    for proof in (SAME, {"Origin": api.browser.base}):
        reply = api.browser("PUT", f"{BASE}/photos/1/rating", {"stars": 3}, key | proof)
        assert (reply.status, reply.json["rating"]) == (200, 3)
    assert api.browser("POST", "/logout", b"", key | SAME).status == 204
    assert api.browser("GET", f"{BASE}/photos", None, key).status == 401


def test_a_code_is_good_once_and_the_cookie_is_for_us_alone(api):
    code = parse_qs(urlsplit(gallery_address(api.library, "red car")).fragment)
    assert code["next"] == ["/?q=red+car"]
    entry = {"code": code["code"][0]}
    first, second = (api.browser("POST", "/login", entry, SAME) for _ in range(2))
    assert (first.status, second.status, second.json["code"]) == (204, 401, "wrong_key")
    cookie = first.headers["set-cookie"].lower()
    assert cookie.startswith("photos-")
    assert {"httponly", "samesite=strict"} <= set(cookie.split("; "))
    assert "set-cookie" not in second.headers
    # Without the proof the code is not even looked at.
    other = {"code": parse_qs(urlsplit(gallery_address(api.library)).fragment)["code"][0]}
    assert api.browser("POST", "/login", other).status == 403
    assert api.browser("POST", "/login", other, SAME).status == 204


def test_a_program_comes_in_by_the_token_of_now(filled, api, token):
    assert api.browser("GET", f"{BASE}/photos", None, token).status == 200
    assert api.browser("PUT", f"{BASE}/photos/1/rating", {"stars": 2}, token).status == 200
    make_token(filled.library)
    assert api.browser("GET", f"{BASE}/photos", None, token).status == 401
    file = filled.library / "http-token"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.unlink()
    assert read_token(filled.library) is None
    assert api.browser("GET", f"{BASE}/photos", None, {"Authorization": "Bearer None"}).status == 401


def test_every_answer_keeps_other_pages_out(api, token):
    for method, path in [*EVERY, ("GET", "/"), ("GET", "/login"), ("GET", "/nothing")]:
        headers = api.browser(method, path, None if method in {"GET", "DELETE"} else b"{}", {}).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert "access-control-allow-origin" not in headers
    page = api.browser("GET", "/login").headers["content-security-policy"]
    assert {"require-trusted-types-for 'script'", "frame-ancestors 'none'"} <= set(page.split("; "))
    assert "unsafe" not in page


def test_the_page_sends_who_has_no_key_to_the_login(api):
    reply = api.browser("GET", "/?q=red")
    assert (reply.status, reply.headers["location"]) == (303, "/login")
    assert api.browser("GET", "/login").status == 200
    assert api.browser("GET", "/login/login.js").headers["content-type"].startswith("text/javascript")
    assert api.browser("GET", "/login/../credentials.py").status in {401, 404}


def test_no_other_page_may_read_unless_it_was_named(filled, token):
    theirs = {"Origin": "https://mine.example"}
    asked = theirs | {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "authorization"}
    with answering(filled.library) as api:
        assert "access-control-allow-origin" not in api.browser("GET", f"{BASE}/photos", None, token | theirs).headers
        assert api.browser("OPTIONS", f"{BASE}/photos", None, asked).status == 401
    with answering(filled.library, access=AccessRules(origins=("https://mine.example",))) as api:
        allowed = api.browser("GET", f"{BASE}/photos", None, token | theirs)
        assert allowed.headers["access-control-allow-origin"] == "https://mine.example"
        assert api.browser("OPTIONS", f"{BASE}/photos", None, asked).status == 200
        other = api.browser("GET", f"{BASE}/photos", None, token | {"Origin": "https://evil.example"})
        assert "access-control-allow-origin" not in other.headers
        # A cookie is no key for another page: it is not sent, and proves nothing.
        assert api.browser("GET", f"{BASE}/photos", None, theirs).status == 401


@pytest.mark.parametrize("host", ["192.168.7.7", "10.0.0.1:8470", "photos.example", "[fd00::1]"])
def test_other_machines_read_and_change_nothing(filled, token, host):
    with answering(filled.library, access=AccessRules(is_remote=True, hosts=("photos.example",))) as api:
        assert api.browser("GET", f"{BASE}/photos", None, token | {"Host": host}).status == 200
        reply = api.browser("PUT", f"{BASE}/photos/1/rating", {"stars": 1}, token | {"Host": host})
        assert (reply.status, reply.json["code"]) == (403, "read_only")
        # It has a body for its length alone.
        assert api.browser("POST", f"{BASE}/archives", {"photos": [1]}, token | {"Host": host}).status == 201
        assert api.browser("GET", f"{BASE}/photos", None, token | {"Host": "evil.example"}).status == 400
    with answering(
        filled.library, access=AccessRules(is_remote=True, hosts=("photos.example",), allow_edits=True)
    ) as api:
        assert api.browser("PUT", f"{BASE}/photos/1/rating", {"stars": 1}, token | {"Host": host}).status == 200


def test_a_password_opens_too_and_is_not_tried_for_long(filled):
    with answering(filled.library, access=AccessRules(is_remote=True, password="sesame")) as api:
        assert api.browser("GET", "/login/ways").json == {"password": True}
        assert api.browser("POST", "/login", {"password": "sesame"}, SAME).status == 204
        for _ in range(10):
            assert api.browser("POST", "/login", {"password": "no"}, SAME).status == 401
        assert api.browser("POST", "/login", {"password": "sesame"}, SAME).status == 401
    with answering(filled.library) as api:
        assert api.browser("POST", "/login", {"password": ""}, SAME).status == 401


def test_codes_and_sessions_end(tmp_path):
    now = 100.0
    keys = Credentials(tmp_path, clock=lambda: now)
    late = keys.make_code()
    session = keys.open_session(keys.make_code(), None)
    assert keys.is_session(session)
    now += CODE_SECONDS
    assert keys.open_session(late, None) is None
    now += SESSION_SECONDS - CODE_SECONDS - 1
    assert keys.is_session(session)
    now += SESSION_SECONDS - 1
    assert keys.is_session(session), "each use begins its time anew"
    now += SESSION_SECONDS
    assert not keys.is_session(session)


def test_sessions_of_codes_outlive_the_server(tmp_path):
    now = 100.0
    first = Credentials(tmp_path, "sesame", clock=lambda: now)
    by_code, by_password = first.open_session(first.make_code(), None), first.open_session(None, "sesame")
    left = first.open_session(first.make_code(), None)
    first.end_session(left)
    file = tmp_path / SESSIONS_FILE
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert by_code not in file.read_text()
    second = Credentials(tmp_path, "sesame", clock=lambda: now)
    assert [second.is_session(each) for each in (by_code, by_password, left)] == [True, False, False]
    second.end_session(by_code)
    assert not Credentials(tmp_path).is_session(by_code)


def test_kept_sessions_end_in_time(tmp_path):
    now = 1000.0
    kept = KeptSessions(tmp_path, lambda: now)
    kept.keep(b"one", 10)
    now += 5
    kept.keep(b"two", 10)
    assert kept.read() == {b"one": 5, b"two": 10}
    now += 6
    assert kept.read() == {b"two": 4}
    for number in range(150):
        kept.keep(b"%d" % number, 60)
    assert len(kept.read()) == 100
    kept.drop(b"149")
    assert b"149" not in kept.read()


def test_a_broken_file_of_sessions_lets_nobody_in(tmp_path):
    for content in (b"\xff", b"[]", b"{", b'{"zz": 1e9, "00": "x", "01": null}', b"[" * 5000):
        (tmp_path / SESSIONS_FILE).write_bytes(content)
        assert KeptSessions(tmp_path).read() == {}
    keys = Credentials(tmp_path)
    assert keys.is_session(keys.open_session(keys.make_code(), None))


def test_a_library_that_is_gone_keeps_no_session(tmp_path):
    keys = Credentials(tmp_path / "gone")
    assert keys.is_session(keys.open_session(keys.make_code(), None))
    assert not (tmp_path / "gone").exists()


def test_failures_are_forgotten_after_a_minute(tmp_path):
    now = 100.0
    keys = Credentials(tmp_path, "sesame", clock=lambda: now)
    for _ in range(20):
        assert keys.open_session(None, "no") is None
    assert keys.open_session(None, "sesame") is None
    now += 61
    assert keys.open_session(None, "sesame") is not None


def test_the_owners_socket_needs_no_key(api):
    assert api.get("photos").status == 200
    assert api("PUT", f"{BASE}/photos/1/rating", {"stars": 1}).status == 200


def test_an_address_is_not_given_to_another_program(api):
    assert api("POST", "/v1/open", {"query": None}, {"Photos-Program": "another"}).status == 409
    assert api("POST", "/v1/open", {"query": None}, {"Photos-Catalog": "another"}).status == 409
    assert api("POST", "/v1/open", {"query": 7}).status == 400
    assert api("POST", "/v1/open", [1]).status == 400
    assert gallery_address(api.library.parent) is None


def test_a_library_that_moved_away_is_not_made_again(filled, api):
    key = logged_in(api) | SAME | {"Content-Type": "application/json"}
    hash_of_red = api.get("photos", query="red", limit=1).json["matches"][0]["media"]
    moved = filled.library.rename(filled.library.with_name("moved"))
    for method, path in [*EVERY, *(("GET", address) for address in hash_of_red.values())]:
        if path.startswith("/v1/") or path in {f"{BASE}/events", "/logout"}:
            continue
        body = None if method in {"GET", "DELETE"} else b"{}"
        reply = api.browser(method, path + ("?text=red&query=red" if path.endswith("trial") else ""), body, key)
        assert reply.status < 500, (path, reply.content)
        assert not filled.library.exists(), path
    moved.rename(filled.library)
    assert api.browser("GET", f"{BASE}/photos?query=red", None, key).json["matches"]
    while any(job.state in {"waiting", "running"} for job in api.service.jobs.all()):
        pass
