"""Catalogs on a server that cannot be used, or not any more: one sentence each, nothing lost, and the work goes on."""

from __future__ import annotations

import shutil
import threading
from contextlib import closing, nullcontext

import pytest

from indexer import FileDone
from photos.daemon.session import Session
from photos.daemon.watcher import Watcher
from photos.encoders import CachedEncoders
from photos.library import OpenLibrary
from photos.operations.indexing.index import AddRequest, add
from photos.operations.progress import SILENT
from photos.operations.searching.requests import SearchRequest
from photos.sidecars.write import write_sidecars
from store import CatalogMoved, CatalogUnreachable, DiskFull
from store.catalog.server_lock import server_lock
from tests.photos.conftest import read_here
from tests.photos.encoders import ColourEncoders

from .on_server import OnServer, fill, name_of, paint, with_parameter

SECRET = "s3cret"
RED = SearchRequest(query=("red",), directory="/", top=3)
#: More pictures than a batch has.
SHADES = [f"shade{number}" for number in range(9)]


@pytest.fixture(scope="module")
def made(server, tmp_path_factory, checkpoint, vocabulary):
    """The name of a database with a small library, which tests copy, and the folder of its pictures."""
    with server.database(server.template) as address:
        yield name_of(address), fill(address, tmp_path_factory.mktemp("made"), checkpoint, vocabulary)


@pytest.fixture
def photos(server, made, tmp_path, capsys):
    """The program with a copy of that library."""
    template, pictures = made
    with server.database(template) as address:
        yield OnServer(server, address, tmp_path, pictures, capsys)


def refused(result, sentence):
    """Check that a command ended with one sentence that has *sentence* in it, and showed nothing else."""
    assert (result.status, result.out) == (1, "")
    assert sentence in result.err
    assert len(result.err.strip().splitlines()) == 1
    assert SECRET not in result.err
    return True


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        (
            f"postgresql://ann:{SECRET}@no.host.invalid/photos",
            "ann@no.host.invalid/photos does not answer",
        ),
        (f"postgresql://ann:{SECRET}@127.0.0.1:1/photos", "does not answer"),
        (f"postgresql://ann@127.0.0.1:1,127.0.0.1:2/photos?password={SECRET}", "does not answer"),
        (f"postgresql://ann:{SECRET}@/photos?host=/nowhere", "does not answer"),
        (f"postgresql://ann:{SECRET}@/?service=no-such-service", "does not answer"),
    ],
)
def test_an_address_where_nothing_answers(photos, address, sentence):
    assert refused(photos("--catalog", address, "search", "red"), sentence)


def test_a_database_or_a_role_that_does_not_exist(photos):
    nowhere = photos.server.address("nowhere")
    assert refused(photos("--catalog", nowhere, "status"), 'refused the connection (database "nowhere" does not exist)')
    unknown = with_parameter(photos.address, "user=nobody-here")
    assert refused(photos("--catalog", unknown, "status"), 'refused the connection (role "nobody-here" does not exist)')


def test_a_wrong_address_is_wrong_usage_and_not_repeated(photos):
    result = photos("--catalog", f"postgresql://ann:{SECRET}/x@host/photos", "search", "red")
    assert (result.status, result.out) == (2, "")
    assert "postgresql://user@host/database" in result.err
    assert SECRET not in result.err


def test_the_password_is_nowhere_in_what_is_shown(photos):
    address = with_parameter(photos.address, f"password={SECRET}")
    told = [photos("--catalog", address, *words.split()) for words in ("status", "status --json", "doctor", "config")]
    assert all(SECRET not in each.out + each.err for each in told)
    assert "postgresql://" in told[0].out


def test_an_empty_database_is_an_empty_library_and_stays_empty(photos, server):
    with server.database() as empty:
        assert refused(photos("--catalog", empty, "search", "red"), "has no photos yet")
        assert photos("--catalog", empty, "status").status == 0
        assert server.run("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'", name_of(empty)) == [(0,)]


def test_a_database_of_another_program_is_left_alone(photos, server):
    with server.database() as foreign:
        server.run("CREATE TABLE orders (id int)", name_of(foreign))
        for command in ("search red", "status", "index", "retag"):
            assert refused(photos("--catalog", foreign, *command.split()), "belongs to another program")
        assert server.run("SELECT tablename FROM pg_tables WHERE schemaname = 'public'", name_of(foreign)) == [
            ("orders",)
        ]


def test_a_catalog_of_a_newer_program_is_left_alone(photos):
    photos.ask("UPDATE alembic_version SET version_num = '9999'")
    assert refused(photos("search", "red"), "made by a newer version of photos (schema 9999)")
    assert refused(photos("index"), "made by a newer version of photos (schema 9999)")


def test_a_machine_that_is_new_to_the_catalog_makes_its_folder(photos, other_checkpoint):
    for words in ("token", f"model try {other_checkpoint}"):
        assert not photos.library.exists()
        assert photos(*words.split()).status == 0, words
        shutil.rmtree(photos.library)
    # The daemon's log is opened in it.
    with photos.opened() as library:
        assert not library.is_new
        assert photos.library.is_dir()


def test_sidecars_that_another_machine_writes_stay_in_its_journal(photos, tmp_path):
    there = OnServer(photos.server, photos.address, tmp_path / "there", photos.pictures, photos._capsys)
    told = []

    def act(_event):
        if not told:
            told.append(there("xmp", "write", photos.pictures / "blue.png"))

    with photos.opened() as library:
        report = write_sidecars(
            library, [bytes(photos.pictures)], lambda *_: False, on_event=act, on_done=lambda *_: None
        )
    assert refused(told[0], "Another process writes sidecars")
    assert report.made > 1
    assert photos("xmp", "undo").status == 0
    assert not list(photos.pictures.glob("*.xmp"))


def test_files_that_another_machine_moves_stay_in_its_journal(photos):
    with photos.opened() as library, server_lock(library.catalog, "moves.lock") as is_alone:
        assert is_alone
        assert refused(photos("duplicates", "--undo"), "Another process moves files")
    assert "Another process" not in photos("duplicates", "--undo").err


def test_the_demo_is_not_drawn_among_other_photos(photos, tmp_path):
    result = photos("--catalog", photos.address, "demo", "--folder", tmp_path / "demo", "--count", "3")
    assert refused(result, "has other photos; name an empty database for the demo")
    assert not (tmp_path / "demo" / "pictures").exists()


@pytest.fixture
def reader(photos):
    """The address of the library for a role that may read only."""
    role = f"{photos.name}_reader"
    photos.ask(f"CREATE ROLE {role}; GRANT {role} TO CURRENT_USER")
    photos.ask(f"GRANT USAGE ON SCHEMA public TO {role}; GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")
    yield with_parameter(photos.address, f"options=-crole%3D{role}")
    photos.ask(f"DROP OWNED BY {role}; DROP ROLE {role}")


def test_a_role_that_may_read_finds_everything_and_changes_nothing(photos, reader):
    red = photos.pictures / "red.png"
    for words in (
        "search red --json",
        "search a word that is new --json",
        f"similar {red} --json",
        f"tags show {red} --json",
        "tags --json",
        "facets --json",
        "vocab list --json",
        "verify",
    ):
        asked, expected = photos("--catalog", reader, *words.split()), photos(*words.split())
        assert (asked.status, asked.out) == (expected.status, expected.out), words
        assert asked.status == 0, words
    assert "this role only reads" in photos("--catalog", reader, "status").out
    for words in (
        f"add {photos.library.parent}",
        f"tag {red} +mine",
        f"rate 3 {red}",
        f"teach red --yes {red}",
        "retag",
        "vocab calibrate",
        "search red --save-as mine",
        f"xmp write {red}",
        f"remove {photos.pictures}",
        "watch",
    ):
        assert refused(photos("--catalog", reader, *words.split()), "cannot be changed"), words
    assert sorted(path.suffix for path in photos.pictures.iterdir()) == [".png"] * 6
    assert photos("tags", "show", red, "--json").out == photos("--catalog", reader, "tags", "show", red, "--json").out


class OnFirstPhoto:
    """Calls *act* when the first file was read."""

    def __init__(self, act):
        self._act = act

    def report(self, event):
        if isinstance(event, FileDone) and self._act is not None:
            act, self._act = self._act, None
            act()


def test_an_index_goes_on_after_its_connections_were_ended(photos, tmp_path):
    folder = paint(tmp_path / "more", SHADES)
    with photos.opened() as library, pytest.raises(CatalogUnreachable, match="nothing that was finished is lost"):
        # Each connection that is ended, its own and later ones.
        add(library, AddRequest((str(folder),)), OnFirstPhoto(lambda: photos.let_in(False)))
    photos.let_in(True)
    assert photos("index").status == 0
    assert photos("verify").status == 0
    assert len(photos.embeddings()) == 6 + len(SHADES)


def test_an_index_goes_on_after_the_servers_disk_was_full(photos, tmp_path):
    folder = paint(tmp_path / "more", SHADES)
    photos.ask(
        "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF (SELECT count(*) FROM photo) > 9"
        " THEN RAISE 'could not extend file: No space left on device' USING ERRCODE = '53100'; END IF;"
        " RETURN NEW; END $$"
    )
    photos.ask("CREATE TRIGGER full_disk BEFORE INSERT ON embedding FOR EACH ROW EXECUTE FUNCTION full_disk()")
    with photos.opened() as library, pytest.raises(DiskFull, match="make room and run the command again"):
        add(library, AddRequest((str(folder),)), SILENT)
    kept = len(photos.embeddings())
    assert 6 < kept < 6 + len(SHADES)
    photos.ask("DROP TRIGGER full_disk ON embedding")
    assert photos("index").status == 0
    assert len(photos.embeddings()) == 6 + len(SHADES)


def test_a_session_answers_again_when_the_server_does(photos):
    with closing(Session(photos.settings(), CachedEncoders(ColourEncoders(), 600))) as session:
        expected = session.search(RED)
        photos.cut()
        assert session.search(RED) == expected
        photos.let_in(False)
        with pytest.raises(CatalogUnreachable):
            session.search(RED)
        photos.let_in(True)
        assert session.search(RED) == expected
        photos.ask("DROP TABLE alembic_version CASCADE")
        with pytest.raises(CatalogMoved):
            session.search(RED)


class Enough(Exception):
    pass


def test_watching_does_what_workers_left_although_it_fails_at_first(photos, tmp_path):
    passes, asked = [], []

    def after_pass(report, _seconds):
        passes.append(report.queued)
        if len(passes) > 1:
            raise Enough
        # As if workers had done it.
        photos.ask("DELETE FROM procrastinate_jobs")

    def hold():
        asked.append(len(passes))
        if len(asked) == 2:
            raise CatalogUnreachable(photos.address, "it is gone")

    folder = paint(tmp_path / "more", ["black"])
    with photos.opened() as library:
        add(library, AddRequest((str(folder),)), SILENT)
    paint(folder, SHADES[:2])
    with OpenLibrary(photos.settings(queue=True, quiet_seconds=0.01), photos.encoders, read_here) as library:
        encoders = CachedEncoders(library.encoders, 600)
        watcher = Watcher(library, library.choose_model(None), encoders, after_pass, retry=0.1, hold=hold)
        with pytest.raises(Enough):
            watcher.run(lambda: nullcontext(SILENT))
    assert passes[0] > 0
    assert asked == [0, 1, 1]


def test_watching_goes_on_when_the_server_is_back(photos, caplog):
    passes = []

    def after_pass(report, _seconds):
        passes.append(report)
        if len(passes) > 1:
            raise Enough
        photos.let_in(False)
        threading.Timer(0.3, photos.let_in, [True]).start()

    with photos.opened() as library:
        encoders = CachedEncoders(library.encoders, 600)
        watcher = Watcher(library, library.choose_model(None), encoders, after_pass, retry=0.1)
        with pytest.raises(Enough):
            watcher.run(lambda: nullcontext(SILENT))
    assert "Trying again in 0 seconds." in caplog.text
    assert "Traceback" not in caplog.text
