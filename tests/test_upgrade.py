"""An upgrade while people read and edit loses no change and causes no error.

The code of two earlier commits serves a site on its own database while `migrate` of this checkout
runs. UPGRADE_PEOPLE=20000 makes the newsroom a large one; UPGRADE_DEADLOCK_MS=200 makes the server
look for deadlocks after 200 ms (needs a superuser).
"""

import os
import random
import signal
import time
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from tests import old_code
from tests.old_code import Browser, Crowd

FIRST, SECOND = "590f57c", "e6da601"
COMMITS = [FIRST, SECOND]
PEOPLE = int(os.environ.get("UPGRADE_PEOPLE", "600"))
READERS = 3
PUBLIC = ["/", "/releases/", "/people/", "/prisoners/", "/releases/feed.atom", "/sitemap.xml"]
# Tables that are not compared: sessions, and permissions, which follow accounts.roles.
OTHERS = {"django_session", "auth_group_permissions"}


@pytest.fixture(scope="session")
def newsrooms(tmp_path_factory):
    """A function that creates the newsroom of a commit once; each test gets a copy."""
    old_code.needs_postgresql()
    created = {}

    def create(commit):
        if commit not in created:
            database = f"upgrade_{commit}_{os.getpid()}"
            created[commit] = old_code.found(
                commit, tmp_path_factory.mktemp(commit), database, PEOPLE
            )
        return created[commit]

    yield create
    for newsroom in created.values():
        old_code.drop(newsroom.database)


@pytest.fixture
def copy(newsrooms, tmp_path):
    """A function that copies the newsroom of a commit, with its own database and files."""
    made = []

    def copy_newsroom(commit):
        name = f"upgrade_{commit}_{os.getpid()}_{len(made)}"
        old_code.drop(name)
        folder = tmp_path / name
        folder.mkdir()
        made.append(old_code.copied(newsrooms(commit), name, folder))
        return made[-1]

    yield copy_newsroom
    for newsroom in made:
        old_code.drop(newsroom.database)


def password(newsroom, username="editor"):
    # Old code has the demo in pressroom.
    module = "demo.loading" if (newsroom.code / "demo/loading.py").exists() else "pressroom.demo"
    program = f"from {module} import password_of; print('=', password_of('{username}'))"
    output = newsroom.manage("shell", "-c", program)
    return output.rpartition("= ")[2].strip()


def ask(newsroom, question, *values):
    with old_code.connect(newsroom.database) as server:
        return server.execute(question, values).fetchall()


# --- Readers and editors -------------------------------------------------------------------------


def public_addresses(newsroom):
    """Return pages, people and pictures that the public sees."""
    people = ask(newsroom, "SELECT slug FROM people_person WHERE level = 3 ORDER BY slug LIMIT 30")
    output = [f"/people/{slug}/" for (slug,) in people]
    releases = ask(
        newsroom,
        "SELECT slug, poster_id FROM releases_release WHERE status = 'approved'"
        " AND publish_at <= now() ORDER BY slug",
    )
    output += [f"/releases/{slug}/" for slug, _ in releases]
    return PUBLIC * 3 + output + [f"/media/{poster}/poster.jpg" for _, poster in releases if poster]


class Desk:
    """Editors who save changes all the time, and the changes that the site accepted."""

    def __init__(self, newsroom, address):
        self.newsroom = newsroom
        (draft,) = ask(newsroom, "SELECT uuid FROM releases_release WHERE status = 'draft'")
        # Two people without a page, whose addresses the migration changes, and two with one.
        people = ask(
            newsroom,
            "(SELECT uuid FROM people_person WHERE display_name LIKE 'Invented%%'"
            " AND level = 1 LIMIT 2)"
            " UNION ALL (SELECT uuid FROM people_person WHERE display_name LIKE 'Invented%%'"
            " AND level = 3 LIMIT 2)",
        )
        pictures = ask(
            newsroom,
            "SELECT uuid FROM assets_mediaasset WHERE original <> '' ORDER BY uploaded_at LIMIT 3",
        )
        self.touched = {draft[0], *(row[0] for row in people + pictures)}
        self.draft, self.people, self.pictures = draft[0], people, pictures
        self.has_cases_in_the_form = newsroom.code.joinpath("people/models.py").exists()
        self.saved = {}
        self.added = set()
        word = password(newsroom)
        self.browsers = [Browser(address) for _ in range(4)]
        for browser in self.browsers:
            browser.sign_in("editor", word)

    def actions(self):
        return [self.write, self.add, self.edit_person, self.caption]

    def write(self, turn):
        words = f"Standfirst {turn}"
        self.browsers[0].submit(
            f"/admin/releases/release/{self.draft}/change/", {"standfirst": words}
        )
        self.saved["releases_release", "standfirst", self.draft] = words

    def add(self, turn):
        if turn % 2:
            title = f"A draft of turn {turn}"
            self.browsers[1].submit("/admin/releases/release/add/", {"title": title})
            self.added.add(("releases_release", "title", title))
            return
        name = f"Новая Персона {turn}"
        typed = {
            "display_name": f"Newly Known {turn}", "names-TOTAL_FORMS": "1", "names-0-text": name,
            "names-0-kind": "native", "names-0-matchable": "on",
        }  # fmt: skip
        if self.has_cases_in_the_form:  # that code requires an address if names are typed
            typed["slug"] = f"newly-known-{turn}"
        if self.has_cases_in_the_form:
            typed |= {
                "cases-TOTAL_FORMS": "1", "cases-0-custody_status": "pretrial",
                "cases-0-as_of": "2026-03-04", "cases-0-summary": name,
            }  # fmt: skip
            self.added.add(("people_case", "summary", name))
        try:
            self.browsers[1].submit("/admin/people/person/add/", typed)
        except AssertionError:
            self.added.discard(("people_case", "summary", name))
            raise
        self.added |= {
            ("people_personname", "text", name),
            ("people_person", "display_name", f"Newly Known {turn}"),
        }

    def edit_person(self, turn):
        (person,) = self.people[turn % len(self.people)]
        typed = {"pronouns": f"they {turn}"}
        if self.has_cases_in_the_form:
            typed["cases-0-custody_status"] = ["house_arrest", "imprisoned"][turn // 4 % 2]
        self.browsers[2].submit(f"/admin/people/person/{person}/change/", typed)
        self.saved["people_person", "pronouns", person] = typed["pronouns"]

    def caption(self, turn):
        (picture,) = self.pictures[turn % len(self.pictures)]
        words = f"Caption {turn}"
        self.browsers[3].submit(f"/admin/assets/mediaasset/{picture}/change/", {"caption": words})
        self.saved["assets_mediaasset", "caption", picture] = words

    def lost(self):
        """Return the accepted changes that are not in the database."""
        now = old_code.rows(self.newsroom.database)
        lost = [
            (table, key, words)
            for (table, column, key), words in self.saved.items()
            if now[table][key][column] != words
        ]
        there = {
            (table, column, row[column])
            for table, column in {(table, column) for table, column, _ in self.added}
            for row in now[table].values()
        }
        return lost + list(self.added - there)


# --- Every row -----------------------------------------------------------------------------------


def changed(before, after, touched=frozenset()):
    """Return every old value that has changed, except in rows that editors touched."""
    found = []
    for table in sorted(before.keys() - OTHERS):
        for key, row in before[table].items():
            if touched & {value for value in row.values() if isinstance(value, UUID)}:
                continue
            now = after[table].get(key)
            if now is None:
                found.append((table, key, row, "gone"))
                continue
            for column, value in row.items():
                is_sign_in = (table, column) == ("accounts_user", "last_login")
                if now[column] != value and not is_sign_in:
                    found.append((table, column, value, now[column]))
    return found


def is_renamed(difference):
    """Return whether a row of models and permissions only got the new name of one of them."""
    table, column, was, is_now = difference
    if (table, column) == ("auth_permission", "name"):
        return is_now.startswith("Can ")
    renamed = {"guess": "probe", "namefind": "namedisclosure"}
    if (table, column) == ("auth_permission", "codename"):
        right, _, model = was.partition("_")
        return model in renamed and is_now == f"{right}_{renamed[model]}"
    return (table, column) == ("django_content_type", "model") and is_now == renamed.get(was)


def is_background(difference):
    """Return whether a text only got a mark around its background, from releases.0011."""
    table, column, was, is_now = difference
    if column != "body" or table not in ("releases_release", "releases_historicalrelease"):
        return False
    unmarked = is_now.replace('<section data-kind="background">', "").replace("</section>", "")
    return is_now.count("<section") == 1 and unmarked == was


def is_expected(difference, before):
    """Return whether the migrations since the first commit make this change."""
    if is_background(difference):
        return True
    table, column, was, is_now = difference
    if (table, column) == ("people_person", "slug"):
        (person,) = [row for row in before["people_person"].values() if row["slug"] == was]
        return person["level"] < 3 and is_now == person["uuid"].hex
    if (table, column) == ("assets_mediaasset", "renditions"):
        styles = {
            name: made | {"formats": dict.fromkeys(made["formats"], 0)}
            for name, made in was.get("styles", {}).items()
        }
        return is_now == ({"styles": styles} if styles else {})
    return False


def not_converted(newsroom):
    """Return rows that the migrations still have to convert, by what is missing."""
    questions = {
        "case without its status": """
            SELECT c.id FROM people_case c LEFT JOIN LATERAL (
                SELECT * FROM people_casestatus WHERE case_id = c.id ORDER BY id DESC LIMIT 1
            ) s ON true WHERE s.id IS NULL OR s.custody_status <> c.custody_status
                           OR s.as_of <> c.as_of""",
        "name without script": "SELECT text FROM people_personname WHERE script = ''",
        "address with a name": """SELECT slug FROM people_person
            WHERE level < 3 AND slug <> replace(uuid::text, '-', '')""",
        "old renditions": """SELECT uuid FROM assets_mediaasset, jsonb_each(renditions->'styles') s
            WHERE jsonb_typeof(s.value->'formats') = 'array'""",
        "picture that is not queued": """SELECT uuid FROM assets_mediaasset
            WHERE original <> '' AND kind = 'image' AND state = ''""",
        "picture not withheld": """SELECT a.uuid FROM assets_mediaasset a
            WHERE EXISTS (SELECT FROM people_person p WHERE p.portrait_id = a.uuid AND p.level < 2)
                <> (a.withheld_from IS NOT DISTINCT FROM %s)""",
    }
    always = datetime(1970, 1, 1, tzinfo=UTC)
    return {
        what: rows[:3]
        for what, question in questions.items()
        if (rows := ask(newsroom, question, *([always] if "%s" in question else [])))
    }


# --- The upgrade ---------------------------------------------------------------------------------


@pytest.mark.parametrize("commit", COMMITS)
def test_an_upgrade_loses_no_save_and_causes_no_error(copy, commit, tmp_path, capsys):
    old = copy(commit)
    new = old_code.with_new_code(old)
    if deadlock_ms := os.environ.get("UPGRADE_DEADLOCK_MS"):
        statement = (
            f"ALTER DATABASE \"{old.database}\" SET deadlock_timeout = '{int(deadlock_ms)}ms'"
        )
        with old_code.connect() as server:
            server.execute(statement)
    before = old_code.rows(old.database)
    log = tmp_path / "old.log"
    with old.served(log) as address:
        addresses = public_addresses(old)
        desk, readers, editors = Desk(old, address), Crowd(), Crowd()
        for number in range(READERS):
            order = random.Random(number).sample(addresses, len(addresses))
            browser = Browser(address)

            def read(turn, order=order, browser=browser):
                path = order[turn % len(order)]
                status = browser.ask(path)[0]
                assert status == 200, f"{path}: {status}"

            readers.join(read, pause=0.1)
        for action in desk.actions():
            editors.join(action, pause=0.2)
        time.sleep(2)
        began = time.monotonic()
        migrate = new.start("migrate", "--no-input")
        output = migrate.communicate(timeout=600)[0]
        lasted = time.monotonic() - began
        done_during_migrate = readers.done, editors.done
        time.sleep(3)  # the old code still runs, on the new schema
        readers.go_home()
        editors.go_home()
    tries = output.count("trying again")
    with capsys.disabled():
        print(
            f"\n{commit}, {PEOPLE} people: migrate {lasted:.1f} s, {tries} tries more; "
            f"{readers.done} reads, {len(readers.failed)} failed, slowest {readers.slowest:.2f} s; "
            f"{editors.done} saves, {len(editors.failed)} failed, slowest {editors.slowest:.2f} s; "
            f"{old_code.deadlocks(old.database)} deadlocks"
        )
    assert migrate.returncode == 0, output
    assert readers.failed == []
    assert editors.failed == []
    assert old_code.deadlocks(old.database) == 0
    assert "deadlock detected" not in output + log.read_text()
    assert min(done_during_migrate) > 10, "hardly anybody was at work meanwhile"
    assert new.manage("migrate", "--check") == ""

    assert desk.lost() == []
    differences = [
        one
        for one in changed(before, old_code.rows(old.database), desk.touched)
        if not is_renamed(one)
    ]
    if commit == FIRST:
        assert [one for one in differences if not is_expected(one, before)] == []
        assert {one[:2] for one in differences} == {
            ("people_person", "slug"), ("assets_mediaasset", "renditions"),
            ("releases_release", "body"), ("releases_historicalrelease", "body"),
        }  # fmt: skip
    else:
        # people.0008 sets it for a person whose consents do not cover photographs.
        hidden = ("people_person", "shown_until", None, date.min)
        others = [one for one in differences if one != hidden and not is_background(one)]
        assert others == []

    # The old code has stopped. The next migrate converts the rows that it wrote, and only once.
    if commit == FIRST:
        assert not_converted(new)
    new.manage("migrate", "--no-input")
    if commit == FIRST:
        assert not_converted(new) == {}
    assert "converted" not in new.manage("migrate", "--no-input")
    assert desk.lost() == []
    with new.served(tmp_path / "new.log") as address:
        visitor = Browser(address)
        assert visitor.ask("/readyz")[0] == 200
        for path in dict.fromkeys(addresses):
            assert visitor.ask(path)[0] == 200, path
        for path in addresses:
            if path.startswith("/releases/") and path not in PUBLIC:
                assert visitor.ask(f"{path}release.json")[0] == 200
        at_desk = Browser(address)
        at_desk.sign_in("editor", password(new))
        at_desk.submit(f"/admin/releases/release/{desk.draft}/change/", {"standfirst": "New"})
        for (person,) in desk.people:
            at_desk.submit(f"/admin/people/person/{person}/change/", {"pronouns": "new"})
        at_desk = Browser(address)
        # Public releases show these pictures, so only a publisher can change them.
        at_desk.sign_in("publisher", password(new, "publisher"))
        for (picture,) in desk.pictures:
            address = f"/admin/assets/mediaasset/{picture}/change/"
            at_desk.submit(address, {"caption": "New", "minor": "on"})
    assert "Traceback" not in (tmp_path / "new.log").read_text()


def test_upgrades_and_a_new_database_have_the_same_schema(copy, tmp_path):
    new = [old_code.with_new_code(copy(commit)) for commit in COMMITS]
    fresh = old_code.Newsroom(new[0].code, f"upgrade_fresh_{os.getpid()}", tmp_path)
    old_code.drop(fresh.database)
    old_code.create(fresh.database)
    try:
        schemas = []
        for newsroom in [*new, fresh]:
            newsroom.manage("migrate", "--verbosity", "0")
            schemas.append(old_code.schema(newsroom.database))
    finally:
        old_code.drop(fresh.database)
    assert schemas[0] ^ schemas[2] == set()
    assert schemas[1] ^ schemas[2] == set()
    assert any("''::character varying" in row for row in schemas[0])


# --- Failures ------------------------------------------------------------------------------------


RECORDED = "SELECT app, name FROM django_migrations ORDER BY app, name"


@pytest.mark.parametrize("kills", [3, pytest.param(10, marks=pytest.mark.soak)])
def test_a_migration_that_is_killed_at_any_moment_can_be_repeated(copy, capsys, kills):
    undisturbed = old_code.with_new_code(copy(FIRST))
    began = time.monotonic()
    undisturbed.manage("migrate", "--verbosity", "0")
    lasts = time.monotonic() - began
    killed = old_code.with_new_code(copy(FIRST))
    recorded = []
    for _ in range(kills):
        if recorded and recorded[-1] == len(ask(undisturbed, RECORDED)):
            killed = old_code.with_new_code(copy(FIRST))  # the previous one is complete
        migrate = killed.start("migrate", "--no-input")
        while "Running migrations" not in (line := migrate.stdout.readline()):
            assert line, "migrate ended before it began"
        time.sleep(random.uniform(0, lasts / 3))
        migrate.send_signal(signal.SIGKILL)
        migrate.communicate()
        recorded.append(len(ask(killed, RECORDED)))
    output = killed.manage("migrate", "--no-input")
    with capsys.disabled():
        print(f"\nmigrations recorded after each SIGKILL: {recorded}")
    assert "Traceback" not in output
    assert ask(killed, RECORDED) == ask(undisturbed, RECORDED)
    assert old_code.schema(killed.database) == old_code.schema(undisturbed.database)
    assert not_converted(killed) == {}


def test_a_table_that_stays_locked_stops_the_upgrade_and_not_the_site(copy, tmp_path):
    old = copy(FIRST)
    new = old_code.with_new_code(old)
    with old.served(tmp_path / "log") as address, old_code.connect(old.database) as other:
        readers = Crowd()
        browser = Browser(address)

        def read(turn):
            assert browser.ask(PUBLIC[turn % len(PUBLIC)])[0] == 200

        readers.join(read)
        with other.transaction():
            other.execute("SELECT count(*) FROM people_person")  # in a transaction that stays open
            migrate = new.start("migrate", "--no-input", "--give-up-after", "4")
            output = migrate.communicate(timeout=120)[0]
            assert migrate.returncode == 1
            assert "trying again in" in output
            last = output.splitlines()[-1]
            assert "people.0003_cases_consents_and_levels was not applied: " in last
            assert "the table people_person was in use for " in last
            assert f"process {other.info.backend_pid} (" in last
            assert "idle in transaction) for " in last
            assert last.endswith("then run migrate again.")
            assert "Traceback" not in output
        assert ("people", "0002_depicted_in") in ask(new, RECORDED)
        assert ("people", "0003_cases_consents_and_levels") not in ask(new, RECORDED)
        assert not ask(
            new,
            "SELECT to_regclass('people_consent') WHERE to_regclass('people_consent') IS NOT NULL",
        )
        Desk(old, address).edit_person(1)
        readers.go_home()
        assert readers.done > 10
        assert readers.failed == []
        assert readers.slowest < 5
    assert "OK" in new.manage("migrate", "--no-input")


def test_two_simultaneous_migrations_run_one_after_the_other(copy):
    new = old_code.with_new_code(copy(FIRST))
    both = [new.start("migrate", "--no-input") for _ in range(2)]
    output = sorted((one.communicate(timeout=120)[0] for one in both), key=len)
    assert [one.returncode for one in both] == [0, 0], output
    assert "Another migrate is running on this database; waiting." in output[0]
    assert "No migrations to apply." in output[0]
    assert "people.0003_cases_consents_and_levels... OK" in output[1]


WATCHED = """
from django.core.management import call_command
from django.db import connection
from pressroom import migration_executor, table_locks

taken = {}
real_lock = table_locks.lock_tables
real_run = migration_executor.LiveMigrationExecutor.record_migration


def oids():
    with connection.cursor() as cursor:
        cursor.execute("SELECT oid::bigint, relname FROM pg_class WHERE relkind = 'r'")
        return dict(cursor.fetchall())


def lock_tables(alias, tables, *more):
    taken.clear()
    taken.update(tables=tables, before=oids())
    real_lock(alias, tables, *more)


def record(self, migration):
    if taken:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT relation::bigint, mode FROM pg_locks WHERE pid = pg_backend_pid()"
                " AND locktype = 'relation' AND granted AND relation >= 16384 AND mode NOT IN"
                " ('AccessShareLock', 'RowShareLock', 'RowExclusiveLock')")
            for oid, mode in cursor.fetchall():
                table = taken["before"].get(oid)
                asked = taken["tables"].get(table)
                too_strong = mode == "AccessExclusiveLock" and asked != table_locks.CHANGE
                if table and (asked is None or too_strong):
                    print("UNFORESEEN", migration, table, mode)
        print("LOCKED", migration, len(taken["tables"]))
        taken.clear()
    real_run(self, migration)


table_locks.lock_tables = lock_tables
migration_executor.LiveMigrationExecutor.record_migration = record
call_command("migrate", verbosity=0)
"""


def test_a_migration_takes_all_its_locks_at_the_start(copy):
    """To wait for a table while holding others can cause a deadlock."""
    new = old_code.with_new_code(copy(FIRST))
    output = new.manage("shell", "-c", WATCHED)
    assert "LOCKED people.0003_cases_consents_and_levels 7" in output
    assert "LOCKED releases.0002_hold_and_guesses" in output
    assert "UNFORESEEN" not in output, output
