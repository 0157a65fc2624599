"""The site uses the language of its setting, and the catalogues list every message."""

import re
import shutil
from datetime import UTC, datetime
from gettext import GNUTranslations
from pathlib import Path

import django
import django_countries
import pytest
import simple_history
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.test import RequestFactory
from django.utils import translation
from django.utils.translation import to_locale

from pressroom import errors
from releases.moments import to_the_second
from tests.make import make_picture, make_release, make_user, picture_bytes

pytestmark = pytest.mark.once

ROOT = Path(django_settings.BASE_DIR)
LOCALE = ROOT / "locale"
# Catalogues of other projects, which translate their own messages.
OTHERS = [
    *(Path(django.__file__).parent / "contrib" / app / "locale/en" for app in ("admin", "auth")),
    Path(django.__file__).parent / "conf/locale/en",
    Path(django.__file__).parent / "contrib/contenttypes/locale/en",
    Path(simple_history.__file__).parent / "locale/de",  # it has no list in English
    Path(django_countries.__file__).parent / "locale/de",
]


# --- A language in guillemets ------------------------------------------------------------------


def in_guillemets(folder: Path, language: str) -> None:
    """Write catalogues of a language in which every message is in guillemets."""
    target = folder / to_locale(language) / "LC_MESSAGES"
    target.mkdir(parents=True)
    for domain in ("django", "djangojs"):
        made = Catalog(locale=to_locale(language))
        for place in (*OTHERS, LOCALE / "en"):
            source = place / f"LC_MESSAGES/{domain}.po"
            if not source.exists():
                continue
            with source.open("rb") as file:
                for message in read_po(file):
                    if not message.id:
                        continue
                    texts = message.id if isinstance(message.id, tuple) else (message.id,)
                    quoted = tuple(f"«{text}»" for text in texts)
                    # A language may have one plural form or six.
                    forms = (quoted[0], *[quoted[-1]] * (made.num_plurals - 1))
                    made.add(
                        message.id,
                        forms if len(texts) > 1 else quoted[0],
                        context=message.context,
                    )
        with (target / f"{domain}.mo").open("wb") as file:
            write_mo(file, made)


def speak_in_guillemets(settings, folder: Path) -> None:
    """Use the language in guillemets until the end of the test."""
    in_guillemets(folder, settings.LANGUAGE_CODE)
    settings.LOCALE_PATHS = [folder]
    assert translation.gettext("Save") == "«Save»"


# --- Scripts ---------------------------------------------------------------------------------


def test_every_text_of_a_script_can_be_translated():
    """A text is a literal that begins with a capital letter, or that has words between spaces."""
    with (LOCALE / "en/LC_MESSAGES/djangojs.po").open("rb") as file:
        known = {
            text
            for message in read_po(file)
            for text in (message.id if isinstance(message.id, tuple) else (message.id,))
        }
    keys = {"Alt", "Control", "Enter", "Escape", "Meta", "Shift", "Tab"}
    keys |= {"ArrowDown", "ArrowLeft", "ArrowRight", "ArrowUp"}
    http_names = {"Content-Type", "X-CSRFToken", "POST"}
    labels = re.compile(r'\b(?:textContent|title|label|help|placeholder)(?:: | = )"([^"]+)"')
    for path in sorted((ROOT / "static/js").glob("*.js")):
        source = re.sub(r"^\s*//.*$|\s//\s.*$", "", path.read_text("utf-8"), flags=re.MULTILINE)
        literals = re.findall(r'"([^"\n]+)"', source)
        shown = {text for text in literals if re.match(r"[A-Z–“][A-Za-z ].", text)}
        shown |= set(labels.findall(source))
        shown |= {
            text
            for text in re.findall("`([^`]*)`", source)
            if re.search(r"[a-z] [a-z]", re.sub(r"\$\{[^}]*\}", "", text))
        }
        assert shown - known - keys - http_names == set(), path.name


# --- The language of an answer -----------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(("language", "direction"), [("en-gb", "ltr"), ("ar", "rtl")])
def test_a_page_states_the_language_of_its_own_text(settings, client, at_desk, language, direction):
    release = make_release(title="Zzz", language="cy")
    settings.LANGUAGE_CODE = language
    attributes = f'lang="{language}" dir="{direction}"'
    for path in ("/", "/releases/", "/nothing/", "/preview/nobody/", "/admin/login/"):
        assert f"<html {attributes}" in client.get(path).content.decode(), path
    page = client.get(release.get_absolute_url()).content.decode()
    assert '<html lang="cy" dir="ltr">' in page
    assert f"<footer {attributes}>" in page
    request = RequestFactory().get("/")
    for answer in (errors.bad_request(request, Exception()), errors.server_error(request)):
        assert f"<html {attributes}>" in answer.content.decode()
    desk = at_desk(make_user("editor", "Editor")).get("/admin/").content.decode()
    assert re.search(rf'<html lang="{language}"\s+dir="{direction}"', desk)


@pytest.mark.parametrize(
    ("language", "shown"),
    [("en-gb", "3 May 2026, 14:05:09 UTC"), ("de", "3. Mai 2026 14:05:09"),
     ("fi", "3. toukokuuta 2026 kello 14.05.09")],
)  # fmt: skip
def test_a_time_to_the_second_has_the_format_of_the_screens(language, shown):
    with translation.override(language):
        assert to_the_second(datetime(2026, 5, 3, 14, 5, 9, tzinfo=UTC)) == shown


@pytest.mark.django_db
def test_a_warning_about_a_file_is_in_the_language_of_its_reader(settings, tmp_path):
    picture = make_picture(content=picture_bytes((64, 96)))
    english = picture.file_warning_texts
    assert len(english) == 1
    picture.refresh_from_db()
    speak_in_guillemets(settings, tmp_path)
    assert picture.file_warning_texts == [f"«{english[0]}»"]
    picture.file_warnings = ["A sentence of an older row."]
    assert picture.file_warning_texts == picture.file_warnings


@pytest.mark.django_db
def test_the_screens_do_not_depend_on_the_language_of_the_reader(client):
    """Lists choose the language of a release, but their own texts have one language."""
    make_release()
    for path in ("/", "/releases/", "/people/"):
        page = client.get(path, headers={"Accept-Language": "fr"})
        assert "Set-Cookie" not in page
        assert page.content == client.get(path).content
        assert "jsi18n" not in page.content.decode()


@pytest.mark.django_db
def test_the_scripts_of_the_desk_get_our_messages(settings, tmp_path, at_desk):
    speak_in_guillemets(settings, tmp_path)
    catalogue = at_desk(make_user("editor", "Editor")).get("/admin/jsi18n/").content.decode()
    assert "\\u00abChoose a picture\\u00bb" in catalogue


def test_every_page_that_loads_a_script_with_messages_loads_the_catalogue_first():
    """Django's own change form and list load it. Our other pages must load it too."""
    for path in (ROOT / "templates/admin").rglob("*.html"):
        source = path.read_text("utf-8")
        if "change_form" in path.name:
            continue
        for script in re.finditer(r"{{ media }}|'js/\w+\.js'", source):
            if "js" not in script[0] or has_messages(ROOT / "static" / script[0].strip("'")):
                assert 0 < source.find("admin:jsi18n") < script.start(), path


def has_messages(script: Path) -> bool:
    """Return whether a script, or one that it may import, shows texts."""
    return bool(re.search(r"^import |gettext", script.read_text("utf-8"), re.M))


# --- The catalogues ----------------------------------------------------------------------------


def test_each_language_writes_a_time_with_its_zone():
    """Django's formats omit the zone, so each language needs a module in pressroom/formats."""
    for catalogue in LOCALE.glob("*/LC_MESSAGES/django.mo"):
        with catalogue.open("rb") as file:
            assert GNUTranslations(file)
        locale = catalogue.parent.parent.name
        formats = ROOT / "pressroom/formats" / locale / "formats.py"
        assert re.search(r'DATETIME_FORMAT = ".*[Te]"', formats.read_text("utf-8")), locale


def test_the_check_of_the_catalogues_names_missing_messages(settings, tmp_path, monkeypatch):
    """It changes no file, and names the command to run."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app.py").write_text("from gettext import gettext\ngettext('A new message')\n")
    settings.LOCALE_PATHS, settings.BASE_DIR = [tmp_path / "locale"], tmp_path
    if not shutil.which("xgettext"):
        pytest.skip("xgettext is not installed: apt install gettext")
    call_command("messages", verbosity=0)
    made = tmp_path / "locale/en/LC_MESSAGES/django.po"
    assert "Creation-Date" not in made.read_text()
    call_command("messages", check=True)
    (tmp_path / "app.py").write_text("from gettext import gettext\ngettext('A newer message')\n")
    before = made.read_bytes()
    with pytest.raises(CommandError) as refusal:
        call_command("messages", check=True)
    assert "make messages" in str(refusal.value)
    assert "A newer message" in str(refusal.value)
    assert made.read_bytes() == before
    made.write_text(
        made.read_text() + '\n#, python-format\nmsgid "%(a)s b"\nmsgstr "%(c)s b"\n', "utf-8"
    )
    (tmp_path / "app.py").write_text(
        "from gettext import gettext\ngettext('A new message')\ngettext('%(a)s b' % {'a': 1})\n"
    )
    with pytest.raises(CommandError, match="format specification"):
        call_command("messages", check=True)
