"""Text columns store only clean texts, however a row is written, on both databases."""

import json
import re
import time
import uuid
from datetime import date

import pytest
from django import forms
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.forms import AuthenticationForm, SetPasswordForm
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.db import connection, models, transaction
from django.utils import timezone

from accounts.models import AccessEvent, User
from people.models import Person
from releases import workflow
from releases.models import Contact, Event, Release, Topic
from releases.models.search import TokensField
from storing.columns import EXACT
from storing.texts import UNWANTED, clean_json, clean_text, cut, is_blank
from tests.make import as_shown, make_chief, make_person, make_picture, make_release

pytestmark = pytest.mark.django_db

# The flag of England: a black flag, and “gbeng” in tag characters.
FLAG = "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
LONGER = "\u0958"  # two characters in NFC
INVISIBLE = [
    "\u200b", "\u2060\u200b", "\u00ad", "\u2800", "\u3164", "\u200e", "\u115f\u1160", "\uffa0",
    "\ufff9\ufffb", "\U000e0041\U000e0042", "\ufe0f", "\u0301", " \u00a0", "\u034f", "\u17b4",
]  # fmt: skip
HOSTILE = "a\x00\u202e\uffff\ud800"  # one letter: some columns store no more
TEXTS = (models.CharField, models.TextField, models.JSONField)
COLUMNS = [
    (model, field)
    for model in apps.get_models(include_auto_created=True)
    for field in model._meta.local_concrete_fields
    if isinstance(field, TEXTS)
]
NAMES = [f"{model._meta.label}.{field.name}" for model, field in COLUMNS]


# --- The rule ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "short", "long"),
    [
        ("a\x00b\x1bc\x7fd\x9fe", "abcde", "abcde"),  # control characters, C1 too
        ("a\x0bb", "a b", "a\nb"),  # Word's line break
        ("a\r\nb\rc\u2028d\u2029e\x85f", "a b c d e f", "a\nb\nc\nd\ne\nf"),
        ("\ta\t\tb  c \n", "a b c", "\ta\t\tb  c \n"),
        ("a\ufffe\uffff\ufdd0\ufdefb\U0001ffffc\U0010fffed", "abcd", "abcd"),
        ("a\ud800b\udfffc", "abc", "abc"),  # half a surrogate
        ("\ufeffab", "ab", "ab"),
        ("\u202ea\u202d\u202b\u202a\u202cb", "ab", "ab"),
        ("\u2067یب\u2069 a", "\u2067یب\u2069 a", "\u2067یب\u2069 a"),  # closed: it stays
        ("\u2066a", "a", "a"),  # left open
        ("a\u2069\u2066b", "ab", "ab"),  # closed before it is opened
        ("\u2067a\nb\u2069", "a b", "a\nb"),  # the end of a line closes it
        ("\u200e\u200f\u061ca\u200c\u200db", *["\u200e\u200f\u061ca\u200c\u200db"] * 2),
        ("می\u200cخواهم", "می\u200cخواهم", "می\u200cخواهم"),  # Persian needs it
        ("👩\u200d👧", "👩\u200d👧", "👩\u200d👧"),
        ("e\u0301", "é", "é"),
        ("a\u00adb\u00a0c", "a\u00adb\u00a0c", "a\u00adb\u00a0c"),
        ("a\ufff9b\ufffac\ufffb", "abc", "abc"),  # interlinear annotations
        ("a\U000e0041\U000e0042\U000e007f", "a", "a"),  # tag characters hide text
        ("🏴\U000e0041\U000e0042", "🏴", "🏴"),
        (FLAG, FLAG, FLAG),
        ("<p>\u0338a</p>", "<p>\u0338a</p>", "<p>\u0338a</p>"),  # NFC must not join “>” to “≯”
    ],
)
def test_clean_text_removes_unwanted_characters(typed, short, long):
    assert clean_text(typed, multiline=False) == short
    assert clean_text(typed, multiline=True) == long
    for text, multiline in ((short, False), (long, True)):
        assert clean_text(text, multiline=multiline) == text


def test_a_text_of_only_marks_is_cleaned_in_linear_time():
    started = time.process_time()
    text = "a" + "\u0323\u0301" * 20_000
    cleaned = clean_text(text, multiline=True)
    assert clean_text(cleaned, multiline=True) == cleaned
    assert len(cleaned) == len(text)
    assert time.process_time() - started < 0.5  # sorting all marks at once takes 1.7 s


def test_json_is_cleaned_in_its_keys_and_at_any_depth():
    dirty = {"k\x00": ["a\x00", {"x": ("b\ud800", 1, None, True)}]}
    assert clean_json(dirty) == {"k": ["a", {"x": ["b", 1, None, True]}]}


def test_json_stores_no_infinite_number():
    infinite = [float("nan"), {"a": float("inf")}, 1.5, float("-inf")]
    assert clean_json(infinite) == [None, {"a": None}, 1.5, None]


@pytest.mark.parametrize("text", [*INVISIBLE, "", " \t\n"])
def test_a_text_with_only_invisible_characters_is_blank(text):
    assert is_blank(text)
    assert not is_blank(f"{text}a")


@pytest.mark.parametrize("text", ["a", "…", "١", "ཀ", "👩\u200d👧", FLAG, "\u0378", "می\u200c"])
def test_a_text_with_visible_characters_is_not_blank(text):
    assert not is_blank(text)


@pytest.mark.parametrize(
    ("text", "most", "start"),
    [
        ("abc", 3, "abc"),
        ("a\x00bc", 3, "abc"),
        (LONGER * 3, 4, "\u0915\u093c" * 2),
        (LONGER * 3, 5, "\u0915\u093c" * 2),  # a letter without its dot is another letter
        ("One word more", 10, "One word"),
        ("One word more", 8, "One word"),
        ("One verylongword", 12, "One verylong"),
        ("ab👩\u200d👧", 4, "ab"),
        ("abc👍🏽", 4, "abc"),
        ("🇬🇧🇫🇷", 3, "🇬🇧"),
        ("a" + FLAG, 5, "a"),
        ("\u0301" * 5, 3, ""),
    ],
)
def test_a_text_is_cut_between_visible_characters(text, most, start):
    assert cut(text, most) == start


# --- Every column of every model ---------------------------------------------------------------


@pytest.fixture
def bare_tables(db):
    """Tables without constraints, so that none refuses a hostile text before it is cleaned."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA ignore_check_constraints = ON")
        else:
            cursor.execute(
                "SELECT conrelid::regclass::text, quote_ident(conname) FROM pg_constraint "
                "WHERE contype IN ('c', 'f') AND connamespace = 'public'::regnamespace"
            )
            for table, name in cursor.fetchall():
                cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    yield
    if connection.vendor == "sqlite":
        connection.cursor().execute("PRAGMA ignore_check_constraints = OFF")


def filled(model, /, **values):
    """Return a row with a value in each column, and with links to rows that do not exist."""
    plain = {
        models.UUIDField: uuid.uuid4(), models.DateTimeField: timezone.now(),
        models.DateField: date(2026, 1, 2), models.BooleanField: False, models.FileField: "x",
        models.JSONField: {}, models.GenericIPAddressField: "192.0.2.1", TokensField: ["word"],
    }  # fmt: skip

    def text(field):
        return "2021"[: field.max_length]

    def value(field):
        target = field.target_field if field.remote_field else field
        kinds = [default for kind, default in plain.items() if isinstance(target, kind)]
        return kinds[0] if kinds else (text(target) if isinstance(target, TEXTS[:2]) else 1)

    return model(
        **{
            field.attname: value(field)
            for field in model._meta.local_concrete_fields
            if field.name not in values and not isinstance(field, models.AutoField)
        }
        | values
    )


def stored(row, field):
    """Return what the database stores, unchanged."""
    with connection.cursor() as cursor:
        quote = connection.ops.quote_name
        table, pk = quote(row._meta.db_table), row._meta.pk
        cursor.execute(
            f"SELECT CAST({quote(field.column)} AS text) FROM {table} "  # noqa: S608
            f"WHERE {quote(pk.column)} = %s",
            [pk.get_db_prep_value(row.pk, connection)],
        )
        return cursor.fetchone()[0]


def is_refused(model, field, write) -> bool:
    """Return whether the database refuses this kind of write, so that it can store nothing."""
    if write not in (by_update, by_bulk_update):
        return False
    return field.primary_key or model is AccessEvent  # triggers: the record is append-only


def by_update(model, field, value):
    (row,) = models.QuerySet(model).bulk_create([filled(model)])
    models.QuerySet(model).filter(pk=row.pk).update(**{field.name: value})
    return row


def by_bulk_update(model, field, value):
    (row,) = models.QuerySet(model).bulk_create([filled(model)])
    setattr(row, field.name, value)
    models.QuerySet(model).bulk_update([row], [field.name])
    return row


def by_bulk_create(model, field, value):
    return models.QuerySet(model).bulk_create([filled(model, **{field.name: value})])[0]


def by_save(model, field, value):
    row = filled(model, **{field.name: value})
    row.save_base(force_insert=True, raw=True)  # without the rules of the domain
    return row


@pytest.mark.parametrize("write", [by_update, by_bulk_update, by_bulk_create, by_save])
def test_every_column_stores_only_clean_texts(bare_tables, write):
    hostile = {False: HOSTILE, True: {HOSTILE: [HOSTILE]}}
    wrong = []
    for model, field in COLUMNS:
        name = f"{model._meta.label}.{field.name}"
        if name in EXACT or is_refused(model, field, write):
            continue
        is_json = isinstance(field, models.JSONField)
        with transaction.atomic():
            try:
                with transaction.atomic():
                    found = stored(write(model, field, hostile[is_json]), field)
            except ValidationError:  # an uncertain date: other values are invalid
                continue
            finally:
                transaction.set_rollback(True)
        if field.__class__.__name__ == "URLField":
            expected = ""
        else:
            expected = {"a": ["a"]} if is_json else "a"
        if (json.loads(found) if is_json else found) != expected:
            wrong.append((name, found))
    assert not wrong
    assert len(COLUMNS) > 150


@pytest.mark.parametrize("write", [by_update, by_save])
def test_a_text_that_a_form_accepts_fits_its_column(bare_tables, write):
    """PostgreSQL refused a text that NFC made longer than the form had counted."""
    tried = 0
    for model, field in COLUMNS:
        most = field.max_length
        if not isinstance(field, models.CharField) or not most or field.choices:
            continue
        if isinstance(field, models.URLField):  # tests/test_links.py
            continue
        form_field = field.formfield()
        name = f"{model._meta.label}.{field.name}"
        if form_field is None or name in EXACT or is_refused(model, field, write):
            continue
        with pytest.raises(ValidationError):
            form_field.clean(LONGER * most)
        with pytest.raises(ValidationError):
            field.clean(LONGER * most, filled(model))
        try:
            fits = form_field.clean(LONGER * (most // 2))
        except ValidationError:  # for example a slug or a language tag
            continue
        with transaction.atomic():
            assert stored(write(model, field, fits), field) == fits, name
            transaction.set_rollback(True)
        tried += bool(fits)
    assert tried > 60


def all_forms(base=forms.BaseForm):
    for form in base.__subclasses__():
        yield form
        yield from all_forms(form)


def test_every_form_counts_the_characters_that_are_stored():
    for site in admin.site._registry.values():
        site.get_urls()  # loads every form of the desk
    checked = set()
    for form in all_forms():
        for name, field in getattr(form, "base_fields", {}).items():
            if type(field) is forms.CharField and field.max_length and field.strip:
                with pytest.raises(ValidationError):
                    field.clean(LONGER * field.max_length)
                checked.add(f"{form.__name__}.{name}")
    assert {"EditManyForm.credit_line", "NameExceptionForm.name", "WithdrawForm.reason"} <= checked


def test_a_password_is_used_exactly_as_typed():
    for field in (
        AuthenticationForm.base_fields["password"],
        SetPasswordForm.base_fields["new_password1"],
    ):
        assert field.clean(" a\u202eb" + LONGER) == " a\u202eb" + LONGER


def test_the_columns_that_are_stored_exactly_are_a_short_list_and_exist():
    assert set(EXACT) <= set(NAMES)
    assert all(reason.endswith(".") for reason in EXACT.values())
    hashed = make_password(" a  password\u202e ")
    user = User.objects.create(username="x", password=hashed)
    user.refresh_from_db()
    assert user.password == hashed
    assert user.check_password(" a  password\u202e ")


# --- Through forms, imports and commands --------------------------------------------------------


def test_a_row_in_memory_has_the_stored_text_after_a_save():
    release = make_release("draft", title="A\x01b\x0bc\u202e", standfirst="One\x0bline\x00.")
    row = Release.objects.get(pk=release.pk)
    assert (release.title, release.standfirst) == (row.title, row.standfirst)
    assert (row.title, row.standfirst) == ("Ab c", "One\nline.")
    assert row.history.latest().title == "Ab c"


def test_get_or_create_finds_what_it_created():
    first, _ = Topic.objects.get_or_create(name="Open\x0bcourts")
    again, made = Topic.objects.get_or_create(name="Open\x0bcourts")
    assert (first, made) == (again, False)


def test_an_event_stores_the_text_of_a_source_without_control_characters():
    release = make_release("draft")
    detail = {"file": "a\x00.html", "notes": ["x\ud800y", {"\u0000k": 1}]}
    Event.objects.create(release=release, release_uuid=release.pk, verb="created", version=1,
                         detail=detail)  # fmt: skip
    assert release.events.last().detail == {"file": "a.html", "notes": ["xy", {"k": 1}]}


def test_a_hidden_field_of_the_desk_does_not_change_the_direction_of_the_page(at_desk, publisher):
    """The breadcrumbs of the desk were reversed after a title with an open direction mark."""
    release = make_release("draft", title="\u202eTitle left open")
    answer = at_desk(publisher).get(f"/admin/releases/release/{release.pk}/change/")
    assert "Title left open" in answer.text
    assert "\u202e" not in answer.text


def test_a_name_of_only_control_characters_is_empty(at_desk, publisher):
    typed = {"name": "\x01\u202e", "slug": ""}
    answer = at_desk(publisher).post("/admin/releases/topic/add/", typed)
    assert answer.status_code == 200
    assert "This field is required." in answer.text
    assert not Topic.objects.exists()


@pytest.mark.parametrize("text", INVISIBLE)
def test_a_blank_text_counts_as_missing(at_desk, publisher, text):
    release = make_release("draft", title=text, body=f"<p>{text}</p><p><em>{text}</em></p>")
    assert as_shown(workflow.review_blockers(release)) == ["Enter a title.", "Enter the text."]
    picture = make_picture(alt_text=text, credit_line=text)
    assert picture.missing_fields() == ["alternative text", "credit line"]
    desk = at_desk(publisher)
    for address, typed in (("topic", {"name": text, "slug": ""}), ("contact", {"name": text})):
        answer = desk.post(f"/admin/releases/{address}/add/", typed)
        assert "This field is required." in answer.text
    assert not Topic.objects.exists()
    assert not Contact.objects.exists()
    with pytest.raises(ValidationError):
        Person(display_name=text).full_clean()


def test_a_release_from_before_the_rule_needs_a_visible_title():
    release = make_release("draft")
    release.title = "\u2060"
    assert as_shown(workflow.review_blockers(release)) == ["Enter a title."]


@pytest.mark.parametrize("times", [128, 255])
def test_credit_for_many_pictures_is_counted_as_it_is_stored(at_desk, times):
    picture = make_picture()
    sent = {
        "action": "edit_many", "_selected_action": [str(picture.pk)], "apply": "1",
        "credit_line": LONGER * times, "read": json.dumps({str(picture.pk): 1}),
    }  # fmt: skip
    answer = at_desk(make_chief()).post("/admin/assets/mediaasset/", sent)
    assert answer.status_code == 200
    assert f"at most 255 characters (it has {2 * times})" in answer.text


def test_an_unchanged_text_from_before_the_rule_has_not_changed():
    class Words(forms.Form):
        words = forms.CharField()

    assert not Words({"words": "a\u202eb"}, initial={"words": "a\u202eb"}).has_changed()


def test_the_log_of_the_desk_and_an_account_are_cleaned_too(at_desk, publisher):
    Contact.objects.create(name="x")
    at_desk(publisher).post("/admin/releases/contact/add/", {"name": "Rita\u202e Sorrel"})
    assert Contact.objects.filter(name="Rita Sorrel").exists()
    assert not UNWANTED.search(LogEntry.objects.latest("pk").object_repr)
    user = User.objects.create(username="y", first_name="Ri\x00ta", last_name="So\u202errel")
    user.refresh_from_db()
    assert (user.first_name, user.last_name) == ("Rita", "Sorrel")


def test_an_unchanged_text_of_several_lines_has_not_changed(at_desk, publisher):
    class Words(forms.Form):
        words = forms.CharField(widget=forms.Textarea)

    assert not Words({"words": "a\r\nb"}, initial={"words": "a\nb"}).has_changed()
    assert Words({"words": "a\r\nc"}, initial={"words": "a\nb"}).has_changed()


def test_a_name_is_stored_and_printed_without_hidden_characters(client):
    person = make_person("An\x00sa\u202e  Verel")
    assert Person.objects.get(pk=person.pk).display_name == "Ansa Verel"
    assert re.search(r"<h1[^>]*>\s*Ansa Verel", client.get(person.get_absolute_url()).text)
