"""Screens, commands and names use plain words: the words of these tables must not return.

The first column is a regular expression, the second the plain replacement. `docs/glossary.md` has
the terms to use instead.
"""

import ast
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from django import forms
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import MultipleObjectsReturned, ObjectDoesNotExist
from django.core.management import get_commands, load_command_class
from django.utils.module_loading import import_string

ROOT = Path(settings.BASE_DIR)
APPS = sorted(
    path.parent.name
    for path in ROOT.glob("*/__init__.py")
    if path.parent.name not in {"tests", "bench"}
)
TEMPLATES = sorted(
    path
    for folder in [ROOT / "templates", *(ROOT / app / "templates" for app in APPS)]
    for path in folder.rglob("*.*")
    if path.suffix in {".html", ".txt", ".xml"}
)
SCRIPTS = sorted((ROOT / "static" / "js").glob("*.js"))

# What people read: screens, help texts, messages, e-mails, commands.
NOT_AGAIN = {
    r"\b(?:is|are|was|were) told\b|\btold\b": "shown, notified, recorded",
    r"\btells?\b": "notify, say, show",
    r"\bwhoever\b": "the person who",
    r"\bwhom\b": "who, or turn the sentence round",
    r"\baloud\b": "leave it out",
    r"\bkin\b": "name the others",
    r"\bmend(?:s|ed|ing)?\b": "fix, correct",
    r"\b(?:is|are|was|were) to be\b": "must be, will be, can be",
    r"\blet(?:s|ting)?(?: \w+)? go\b": "end the hold",
    r"\blift(?:s|ed|ing)?\b": "the embargo ends; clear a filter; a pull quote repeats",
    r"\bthe door\b": "the terms page",
    r"\bbehind the answer\b": "in the background",
    r"\boff every (?:path|page)\b": "offline",
    r"\bsays? of (?:itself|its)\b": "embedded metadata",
    r"\b(?:comes?|came|coming) out\b": "is published, appears",
    r"\b(?:goes?|going|went|gone) out\b": "is published, is sent",
    r"\b(?:release|text|it|statement) is out\b": "is published",
    r"\bsettled\b": "approved",
    r"\b(?:somebody|someone) is guessing\b": "someone is trying to find",
    r"\b(?:tries|tried) at\b": "attempts to reach",
    r"\bthe house\b": "the organisation, the newsroom; house style",
    r"\bhand by hand\b": "one after the other",
    r"\bone a line\b|, one a line\b": "one per line",
    r"(?:^|[.;] )Empty:": "Leave blank to …",
    r"\bfurther\b": "other, more",
    r"\bhence\b|\bthereby\b|\bthereof\b|\bwhilst\b|\bupon\b": "so, by this, of it, while, on",
    r"\bof late\b": "recently",
    r"\bin the way\b": "blockers",
    r"\bat that second\b|\bfrom (?:this|that) (?:second|moment) on\b": "now, at this time",
    r"\bmade ready\b|\bmake \w+ ready\b": "processed, process",
    r"\black(?:s|ed|ing)?\b": "is missing, has no",
    r"\ba slip\b": "a minor edit",
    r"(?:^|[.:] )Say (?:to|in|why|when|what|which|where(?! the person)|below)\b": "Enter, choose",
    r"\b(?:arrive|copied) whole\b": "complete",
    r"\bopens nothing\b": "isn’t valid",
    r"\bkeep it to myself\b": "I agree to keep this confidential",
    r"\bwoven?\b|\bweaves?\b": "watermark",
    r"\bunseen\b": "invisible",
    r"^words\b:?$": "message, reason, note",
    r"\bmatchable\b": "look for this name in texts",
    r"\bby nobody but\b|\bnobody but\b": "only",
    r"\bfor (?:the newsroom|editors|the library) (?:alone|only)\b": "internal only",
    r"\bnowhere\b": "not … anywhere, hidden",
    r"\bto be had\b": "available",
    r"^Held$|\bhold: |^let go\.?$": "On hold, take offline now, hold ended",
    r"\brests? until\b": "paused until",
    r"\bput it back\b|\bbring it back\b": "restore",
    r"\bonly a slip\b": "minor edit",
    r"\bIt moves\.": "animated image",
    r"\bNobody is (?:waiting|asking)\b": "nothing is waiting",
    r"\btakes? (?:it|these words|the words) over\b|\btaken over\b": "use, copied",
    r"\bplease\b(?! either submit)": "leave it out",  # Django says “Please either submit”
    # The exception is a label that only a migration can change.
    r"(?<!A release )\bcannot\b": "can’t",
    r"\blog(?:ged)? (?:in|out)\b|\bsign-ins\b": "sign in, sign out; users",
    r"\buser names?\b": "username",
    r"\balt text\b": "alternative text",
    r"\bmedia library\b": "library",
    r"\bfilms?\b": "video",
    r"\boffered\b": "suggested",
    r"\b(?:every|some|any)body\b": "everyone, someone, anyone",
    r"\bclaims? to\b": "the file states that …",
    r"\btake it back\b": "send it back to draft",
    r"\bpage furniture\b|\baccounted for\b": "menus, headers and footers; used",
    r"^(?:They|It) (?:can|can’t|does|does not|do|do not)[.:]": "repeat the subject",
    r"\b(?:can't|doesn't|don't (?!color)|person's)": "’ instead of '",
}

# Names are split at underscores and capitals, and each part is looked up here.
NAMES_NOT_AGAIN = {
    "told": "notified, shown",
    "tell": "notify",
    "said": "text, reply, value, label",
    "whom": "recipient, person",
    "whoever": "person",
    "aloud": "name what it is",
    "kin": "name what it is",
    "mend": "fix",
    "door": "terms page",
    "woven": "watermark",
    "weave": "watermark",
    "unseen": "invisible, hidden",
    "settled": "awaiting publication",
    "lift": "embargo ends",
    "lifts": "embargo ends",
    "lifted": "embargo ended, public",
    "MOST": "MAX",
    "LONGEST": "MAX, with its unit",
    "FEWEST": "MIN",
    "SHORTEST": "MIN",
    "LEAST": "MIN",
    "DEEPEST": "MAX_DEPTH",
    "SLOWEST": "MIN, with its unit",
}
WHOLE_NAMES_NOT_AGAIN = {
    r"JUST": "RECENT",
    r"SOON": "EXPIRY_WARNING",
    r"A_[A-Z]+": "PAGE_SIZE, SESSION_SECONDS: name the quantity",
    r"AT_MOST": "MAX_…",
    r"let_go": "end_hold",
    r"is_out|is_held": "is_published, is_on_hold",
    r"_?refuse_(?:where|unless).*": "_raise_if, _require_perm",
    r"Refused": "ActionBlocked",
    r"_?in_the_way": "blockers",
    r"Guess|Tries|Tried|tries_at|count_guesses": "probe",
    r"OneNotFound|NothingKept|NothingLent|FilesAway|CompressedWords|ProbesFirst": "…Middleware",
}
# Parts that an app may use: the kernel's filters have an operator “at least”.
MAY_SAY = {("assets", "LEAST")}

# Exceptions that name an event instead of an error.
EVENTS = {
    "ActionBlocked", "AlreadyImported", "EditConflict", "EmailNotNeeded", "JobFailed",
    "JobPostponed", "JobRetry", "LeaseLost", "RunInterrupted", "SendFailure", "UploadNotStored",
}  # fmt: skip

# The first words of buttons. "Public page" and the like are links that only look like one.
BUTTON_WORDS = {
    "Accept", "Add", "Agree", "Allow", "Apply", "Approve", "Back", "Cancel", "Change", "Choose",
    "Check", "Clear", "Close", "Continue", "Copy", "Correct", "Create", "Delete", "Edit", "End",
    "Export", "Find", "Go", "Hide", "I", "Import", "Insert", "Issue", "Lower", "Make", "Mark",
    "Move", "Open", "Preview", "Print", "Process", "Publish", "Put", "Read", "Regenerate", "Reject",
    "Reload", "Remove", "Request", "Reset", "Restore", "Retry", "Return", "Review", "Revoke",
    "Save", "Schedule", "Search", "See", "Select", "Send", "Set", "Share", "Show", "Sign", "Start",
    "Submit", "Take", "Trace", "Try", "Turn", "Undo", "Upload", "Use", "View", "Withdraw", "Write",
}  # fmt: skip
LINKS_LIKE_BUTTONS = {"Public page", "Close"}
# Words that keep their capital within a sentence.
PROPER_NAMES = {"AI", "CSV", "I", "PDF", "ZIP", "Word", "Pressroom", "Google", "English"}


class Text(NamedTuple):
    """A text that people read, and where it comes from."""

    place: str
    text: str


def complaints(texts: Iterable[Text], table: dict[str, str] = NOT_AGAIN) -> list[str]:
    """Return a line for each text with a word that must not return."""
    rules = [(re.compile(pattern, re.I), plain) for pattern, plain in table.items()]
    return sorted(
        {
            f"{place}: “{' '.join(text.split())}”: not “{found[0]}” but {plain}"
            for place, text in texts
            for rule, plain in rules
            if (found := rule.search(text))
        }
    )


def complaints_about_name(name: str, app: str = "") -> Iterator[str]:
    """Yield what is wrong with the name of a function, class, argument or variable."""
    for pattern, plain in WHOLE_NAMES_NOT_AGAIN.items():
        if re.fullmatch(pattern, name):
            yield f"not “{name}” but {plain}"
    parts = set(re.split(r"_+|(?<=[a-z0-9])(?=[A-Z])", name))
    for part, plain in NAMES_NOT_AGAIN.items():
        if part in parts and (app, part) not in MAY_SAY:
            yield f"“{name}”: not “{part}” but {plain}"


# --- Where texts come from ------------------------------------------------------------------------

_COMMENT = re.compile(r"\{#.*?#\}|\{%\s*comment\s*%\}.*?\{%\s*endcomment\s*%\}|<!--.*?-->", re.S)
_SCRIPT = re.compile(r"<(script|style)\b.*?</\1>", re.S)
_TRANSLATED = re.compile(r"\{%\s*(?:translate|trans)\s+(?:\"([^\"]*)\"|'([^']*)')")
_STRING = re.compile(r"\"([^\"{}]*)\"|'([^'{}]*)'")
_TEMPLATE_TAG = re.compile(r"\{%.*?%\}|\{\{.*?\}\}", re.S)
_TAG = re.compile(r"<[^<>]*>", re.S)
_READ_ATTRIBUTE = re.compile(r"\b(?:alt|title|placeholder|aria-label|value|content)=\"([^\"]*)\"")
_NO_PROSE = re.compile(r"[\w./:,-]*|.*[{}<>=;].*|[a-zA-Z :/,-]*H:i.*")


def _line(source: str, at: int) -> int:
    return source.count("\n", 0, at) + 1


def _blanked(pattern: re.Pattern[str], source: str) -> str:
    """Return a source with each match replaced by its line ends, to keep the line numbers."""
    return pattern.sub(lambda found: "\n" * found[0].count("\n") + " ", source)


def template_texts(source: str, place: str) -> Iterator[Text]:
    """Yield the texts of a template: content, attributes that are read, and strings in its tags."""
    source = _blanked(_SCRIPT, _blanked(_COMMENT, source))
    for found in _TEMPLATE_TAG.finditer(source):
        for string in _STRING.finditer(found[0]):
            text = string[1] or string[2] or ""
            if " " in text.strip() and not _NO_PROSE.fullmatch(text):
                yield Text(f"{place}:{_line(source, found.start())}", text)
    for found in _TRANSLATED.finditer(source):
        yield Text(f"{place}:{_line(source, found.start())}", found[1] or found[2] or "")
    shown = _TRANSLATED.sub(lambda found: f"{found[1] or found[2] or ''}{{%", source)
    shown = _blanked(_TEMPLATE_TAG, shown)
    for found in _READ_ATTRIBUTE.finditer(shown):
        if found[1].strip():
            yield Text(f"{place}:{_line(shown, found.start())}", found[1])
    for number, line in enumerate(_blanked(_TAG, shown).splitlines(), start=1):
        if line.strip():
            yield Text(f"{place}:{number}", line.strip())


_GETTEXT = {
    "gettext": 1, "gettext_lazy": 1, "gettext_noop": 1, "ngettext": 2, "ngettext_lazy": 2,
    "pgettext": 2, "pgettext_lazy": 2, "npgettext": 3, "npgettext_lazy": 3,
}  # fmt: skip


def python_messages(source: str, place: str) -> Iterator[Text]:
    """Yield the messages of a module that go through gettext."""
    tree = ast.parse(source)
    names = {
        alias.asname or alias.name: alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation"
        for alias in node.names
        if alias.name in _GETTEXT
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            for argument in node.args[: _GETTEXT.get(names.get(node.func.id, ""), 0)]:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    yield Text(f"{place}:{node.lineno}", argument.value)


_JS_CALL = re.compile(r"\b(?:n|p|np)?gettext\(([^)]*)")
_JS_STRING = re.compile(r"\"((?:[^\"\\]|\\.)*)\"|'((?:[^'\\]|\\.)*)'|`([^`$]*)`")


def script_messages(source: str, place: str) -> Iterator[Text]:
    """Yield the messages of a script that go through Django's JavaScript catalogue."""
    for call in _JS_CALL.finditer(source):
        for string in _JS_STRING.finditer(call[1]):
            yield Text(
                f"{place}:{_line(source, call.start())}", next(filter(None, string.groups()), "")
            )


def _is_ours(module: str) -> bool:
    return module.partition(".")[0] in APPS


def _choices(choices: Any, place: str) -> Iterator[Text]:
    for _value, label in choices or []:
        if isinstance(label, list | tuple):
            yield from _choices(label, place)
        else:
            yield Text(place, str(label))


def model_texts() -> Iterator[Text]:
    """Yield labels, help texts, choices, permissions and messages of every model of ours."""
    for model in apps.get_models():
        if not _is_ours(model.__module__) or model.__name__.startswith("Historical"):
            continue
        meta, place = model._meta, model._meta.label
        yield Text(place, str(meta.verbose_name))
        yield Text(place, str(meta.verbose_name_plural))
        for _codename, label in meta.permissions:
            yield Text(f"{place}, permission", str(label))
        for constraint in meta.constraints:
            yield Text(f"{place}.{constraint.name}", str(constraint.violation_error_message))
        for field in [*meta.fields, *meta.many_to_many]:
            yield Text(f"{place}.{field.name}", str(field.verbose_name))
            yield Text(f"{place}.{field.name}, help", str(field.help_text))
            yield from _choices(field.flatchoices, f"{place}.{field.name}, choice")


def _import_everything() -> None:
    for app in APPS:
        package = importlib.import_module(app)
        for module in pkgutil.walk_packages(package.__path__, f"{app}."):
            if not re.search(r"\.(?:migrations|commands|fonts|data)\b|\.wsgi$", module.name):
                importlib.import_module(module.name)


def _subclasses(kind: type[Any]) -> Iterator[type[Any]]:
    children: list[type[Any]] = type.__subclasses__(kind)
    for child in children:
        yield child
        yield from _subclasses(child)


def form_texts() -> Iterator[Text]:
    """Yield labels, help texts, choices and errors of the fields of every form of ours."""
    _import_everything()
    for form in {*_subclasses(forms.BaseForm)}:
        if not _is_ours(form.__module__):
            continue
        for name, field in getattr(form, "base_fields", {}).items():
            place = f"{form.__module__}.{form.__name__}.{name}"
            yield Text(place, str(field.label or ""))
            yield Text(f"{place}, help", str(field.help_text or ""))
            for message in field.error_messages.values():
                yield Text(f"{place}, error", str(message))
            if isinstance(field, forms.ChoiceField) and not isinstance(
                field, forms.ModelChoiceField
            ):
                yield from _choices([*field.widget.choices], f"{place}, choice")


def admin_texts() -> Iterator[Text]:
    """Yield headings, columns, filters, actions and help of every page of the admin of ours."""
    _import_everything()
    for model, page in admin.site._registry.items():
        if not _is_ours(type(page).__module__):
            continue
        place = f"{type(page).__module__}.{type(page).__name__}"
        yield Text(f"{place}, search", str(page.search_help_text or ""))
        for heading, options in page.fieldsets or []:
            yield Text(f"{place}, fieldset", str(heading or ""))
            yield Text(f"{place}, fieldset", str(options.get("description", "")))
        for item in page.list_filter:
            if inspect.isclass(item):
                yield Text(f"{place}, filter", str(getattr(item, "title", "")))
        for name, member in inspect.getmembers(type(page)):
            if label := getattr(member, "short_description", ""):
                yield Text(f"{place}.{name}", str(label))
        assert model  # every page is registered for one


def command_texts() -> Iterator[Text]:
    """Yield the help of every command of ours and of its arguments."""
    for name, app in get_commands().items():
        if not isinstance(app, str) or not _is_ours(app) or name == "migrate":
            continue  # the options of migrate are Django's
        parser = load_command_class(app, name).create_parser("manage.py", name)
        yield Text(f"command {name}", str(parser.description or ""))
        for action in parser._actions:
            yield Text(f"command {name}, {action.dest}", str(action.help or ""))


def sources() -> Iterator[tuple[str, str, str]]:
    """Yield the app, path and text of every module of ours except migrations."""
    for app in [*APPS, "gunicorn.conf.py", "manage.py"]:
        path = ROOT / app
        for file in [path] if path.is_file() else sorted(path.rglob("*.py")):
            if "migrations" not in file.parts:
                yield app, str(file.relative_to(ROOT)), file.read_text()


def names_in(source: str) -> Iterator[tuple[int, str]]:
    """Yield every name that a module gives: to functions, classes, arguments and variables."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id


def script_names_in(source: str) -> Iterator[tuple[int, str]]:
    """Yield every name that a script gives to functions, classes, constants and variables."""
    for found in re.finditer(r"\b(?:const|let|var|function|class)\s+([A-Za-z_$][\w$]*)", source):
        yield _line(source, found.start()), found[1]


_BUTTON = re.compile(
    r"<button\b[^>]*>(.*?)</button>|<a\b[^>]*class=\"[^\"]*\bbutton\b[^\"]*\"[^>]*>(.*?)</a>"
    r"|<input\b[^>]*type=\"submit\"[^>]*>", re.S
)  # fmt: skip
_VALUE = re.compile(r"\bvalue=\"([^\"]*)\"|\bvalue='([^']*)'")


def buttons(source: str, place: str) -> Iterator[Text]:
    """Yield the fixed labels of the buttons in a template; labels from variables are left out."""
    source = _blanked(_COMMENT, source)
    source = _TRANSLATED.sub(lambda found: f"{{%%}}{found[1] or found[2] or ''}{{%", source)
    source = source.replace("{%%}", "")
    for found in _BUTTON.finditer(source):
        label = found[1] or found[2]
        if label is None:
            cleaned = re.sub(r"\{%.*?%\}", "", found[0])
            value = _VALUE.search(cleaned)
            label = value[1] or value[2] or "" if value else ""
        alternatives = re.split(r"\{%\s*(?:else|elif\b.*?)\s*%\}", label)
        for text in alternatives:
            text = _TAG.sub("", _TEMPLATE_TAG.sub("", text)).strip()
            if text:
                yield Text(f"{place}:{_line(source, found.start())}", text)


def complaints_about_buttons(labels: Iterable[Text]) -> list[str]:
    """Return a line for each button that does not begin with a verb, or has other capitals."""
    wrong = []
    for place, label in labels:
        first, *rest = label.split()
        if label not in LINKS_LIKE_BUTTONS and first not in BUTTON_WORDS:
            wrong.append(f"{place}: “{label}” does not begin with a verb of BUTTON_WORDS")
        capitals = [word for word in rest if word[:1].isupper() and word not in PROPER_NAMES]
        if capitals and ". " not in label:
            wrong.append(f"{place}: “{label}” is not in sentence case")
    return wrong


def times_without_zone(source: str, place: str) -> list[str]:
    """Return the lines where a template prints a time in its own format, perhaps without zone."""
    return [
        f"{place}:{_line(source, found.start())}: {found[0]}"
        for found in re.finditer(r"\|date:\s*['\"]([^'\"]*)['\"]", source)
        if found[1] not in {"DATE_FORMAT", "DATETIME_FORMAT", "YEAR_MONTH_FORMAT", "Y-m-d", "c"}
    ]


def misnamed_exceptions(kinds: Iterable[type[BaseException]]) -> list[str]:
    """Return the exceptions with a bad name, apart from those that Django makes for each model."""
    return sorted(
        {
            f"{kind.__module__}.{kind.__qualname__}"
            for kind in kinds
            if not issubclass(kind, ObjectDoesNotExist | MultipleObjectsReturned)
            and not kind.__name__.endswith("Error")
            and kind.__name__ not in EVENTS
        }
    )


# --- The checks -----------------------------------------------------------------------------------


def all_template_texts() -> Iterator[Text]:
    for path in TEMPLATES:
        yield from template_texts(path.read_text(), str(path.relative_to(ROOT)))


def all_messages() -> Iterator[Text]:
    for _app, place, source in sources():
        yield from python_messages(source, place)
    for path in SCRIPTS:
        yield from script_messages(path.read_text(), str(path.relative_to(ROOT)))


@pytest.mark.parametrize(
    "texts",
    [all_template_texts, all_messages, model_texts, form_texts, admin_texts, command_texts],
)
def test_texts_for_people_are_in_plain_words(texts):
    found = complaints(texts())
    assert not found, "\n".join(["", *found])


def test_names_in_the_code_are_plain():
    found = [
        f"{place}:{line}: {complaint}"
        for app, place, source in sources()
        for line, name in names_in(source)
        for complaint in complaints_about_name(name, app)
    ]
    found += [
        f"{path.relative_to(ROOT)}:{line}: {complaint}"
        for path in SCRIPTS
        for line, name in script_names_in(path.read_text())
        for complaint in complaints_about_name(name)
    ]
    assert not found, "\n".join(["", *dict.fromkeys(found)])


def test_the_name_of_a_middleware_ends_in_middleware():
    ours = [path for path in settings.MIDDLEWARE if _is_ours(path)]
    assert len(ours) > 5
    assert all(path.endswith("Middleware") for path in ours), ours
    assert all(import_string(path) for path in ours)


def test_an_exception_ends_in_error_or_names_an_event():
    _import_everything()
    ours = [kind for kind in _subclasses(BaseException) if _is_ours(kind.__module__)]
    assert len(ours) > 20
    assert not misnamed_exceptions(ours)


def test_a_button_begins_with_a_verb_and_is_in_sentence_case():
    found = [
        line
        for path in TEMPLATES
        for line in complaints_about_buttons(buttons(path.read_text(), str(path.relative_to(ROOT))))
    ]
    assert not found, "\n".join(["", *found])


def test_a_time_on_a_screen_has_its_zone():
    found = [
        line
        for path in TEMPLATES
        for line in times_without_zone(path.read_text(), str(path.relative_to(ROOT)))
    ]
    assert not found, "\n".join(["", *found])


# --- The checks can fail --------------------------------------------------------------------------

BAD_TEMPLATE = """{% load i18n %}{# The door is a comment. #}
<div class="intro door" title="Lift all filters">
<p>Off every path since
{% translate "Let it go again" %}</p>
{% blocktranslate with name=person %}Tell {{ name }} aloud.{% endblocktranslate %}
{% include "admin/_door.html" with name="The one whom we know" only %}
<button>The list</button> <input type="submit" value="Save And Close">
{{ release.held_at|date:"j F Y, H:i" }}</div>
"""
BAD_PYTHON = """
from django.utils.translation import gettext as _, gettext_lazy, ngettext as many
from elsewhere import pgettext
MOST_NAMES = A_PAGE = 4
LABEL = gettext_lazy("Whoever approves")
class Refused(Exception):
    def let_go(self, told, *, most=1):
        text = _("It comes " "out.")
        gettext_is_told = many("One further page", "Two pages to be settled", told)
        return pgettext("not ours", "aloud"), "a told that nobody reads"
"""
BAD_SCRIPT = """
const MOST_ROWS = 3;
function tellReader() { return gettext("It is out of the door") + ngettext('Hence one', "%s", 2); }
"""


def lines_of(found: Iterable[str]) -> set[str]:
    return {line.split(":")[1] for line in found}


def test_a_bad_template_is_found():
    found = complaints(template_texts(BAD_TEMPLATE, "bad.html"))
    assert lines_of(found) == {"2", "3", "4", "5", "6"}
    assert not any("_door.html" in line or "a comment" in line for line in found)


def test_a_bad_message_is_found():
    found = complaints(python_messages(BAD_PYTHON, "bad.py"))
    assert lines_of(found) == {"5", "8", "9"}
    assert len(found) == 4
    assert not any("aloud" in line or "nobody reads" in line for line in found)
    assert lines_of(complaints(script_messages(BAD_SCRIPT, "bad.js"))) == {"3"}
    assert len(complaints(script_messages(BAD_SCRIPT, "bad.js"))) == 3


def test_a_bad_name_is_found():
    found = {name for _, name in names_in(BAD_PYTHON) if list(complaints_about_name(name))}
    assert found == {"MOST_NAMES", "A_PAGE", "Refused", "let_go", "told", "gettext_is_told"}
    names = {name for _, name in script_names_in(BAD_SCRIPT)}
    assert names == {"MOST_ROWS", "tellReader"}
    assert all(list(complaints_about_name(name)) for name in names)
    assert not list(complaints_about_name("IF_AT_LEAST", "assets"))
    assert not list(complaints_about_name("almost_saidel"))


def test_a_bad_name_of_an_exception_is_found():
    class Later(Exception):  # the bad sample
        pass

    class LaterError(Exception):
        pass

    assert len(misnamed_exceptions([Later, LaterError, ObjectDoesNotExist])) == 1


def test_a_bad_button_and_a_time_without_its_zone_are_found():
    found = complaints_about_buttons(buttons(BAD_TEMPLATE, "bad.html"))
    assert len(found) == 2
    assert "The list" in found[0]
    assert "Save And Close" in found[1]
    assert times_without_zone(BAD_TEMPLATE, "bad.html") == ['bad.html:8: |date:"j F Y, H:i"']


@pytest.mark.parametrize(
    "text",
    [
        "This preview link isn’t valid.",
        "Publish at / embargo ends",
        "Leave blank to use the name.",
        "Notify recipients who accepted",
        "Only users with the “name minors” permission can make this person public.",
        "Under house arrest",
        "In detention since 3 May 2026 (412 days)",
        "Take offline now",
        "Minor edit (typo, link, punctuation)",
    ],
)
def test_plain_words_are_accepted(text):
    assert not complaints([Text("here", text)])


def test_every_source_of_texts_is_read():
    """A check that reads no texts always passes."""
    assert len(TEMPLATES) > 80
    assert len(SCRIPTS) > 10
    for texts, minimum in [
        (all_template_texts, 500), (all_messages, 300), (model_texts, 300), (form_texts, 200),
        (admin_texts, 30), (command_texts, 40),
    ]:  # fmt: skip
        assert sum(1 for text in texts() if text.text) > minimum, texts.__name__
