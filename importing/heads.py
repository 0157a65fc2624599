"""Rules with examples for titles, lines above a text and page furniture."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from importing.blocks import plain, size
from importing.datelines import MAX_DATELINE_CHARACTERS, dateline
from importing.dates import DAY, days_in
from importing.rules import Rule, matching
from importing.vocabulary import (
    ABBREVIATIONS,
    DATE_LINE_WORDS,
    KICKERS,
    MONTHS,
    PLACES,
    RELEASE_LINES,
    WEEKDAYS,
)

MAX_OFFERED_TITLE = 150  # characters of a first sentence that is offered as a title


def _whole(pattern: str, flags: re.RegexFlag = re.I) -> Callable[[str], object]:
    return re.compile(pattern, flags).fullmatch


def _start(pattern: str, flags: re.RegexFlag = re.I) -> Callable[[str], object]:
    return re.compile(pattern, flags).match


# --- Page furniture ----------------------------------------------------------------------------

_MONTH_NAMES = "|".join(sorted(MONTHS, key=len, reverse=True))


def _is_breadcrumb(text: str) -> bool:
    if len(text) > 200 or re.search("[«‹]", text):
        return False
    home = re.match(
        r"(?:you are here:?\s*)?(?:home|accueil|inicio|startseite|início)\b", text, re.I
    )
    return len(re.findall(r"\s[»›→]\s", text)) > 1 or bool(
        home and re.match(r"\s*(?:[»›→>/|]|::)", text[home.end() :])
    )


def _has_loose_arrow(text: str) -> bool:
    """Return whether a short line begins or ends with an arrow that has no counterpart."""
    if len(text) > 60 or ("«" in text and "»" in text):
        return False
    return text[-1:] in "»›→" or text[:1] in "«‹←"


FURNITURE = (
    Rule(
        "breadcrumb",
        _is_breadcrumb,
        yes=("Home » Press » Tor Project launches a service", "You are here: Home > News > 2021"),
        no=("« Nous voulons » et « nous pouvons »", "Home office refuses asylum", "A » B"),
    ),
    Rule(
        "control of a page",
        _whole(
            r"(?:filter|browse|search|sort|view)(?: results?)? by\b.{0,20}|current record"
            r"|skip to (?:main )?(?:content|navigation)|(?:print|share|e-?mail) this(?: \w+)?"
            r"|read more|back to (?:top|\w+)|(?:main )?menu|search|subscribe|next|previous"
            r"|contact(?: us| phone| information)?|current (?:press|news|media) releases?"
        ),
        yes=("Filter by", "Browse by", "Current record", "Skip to main content", "Print this page",
             "Contact Phone", "current Press Release"),
        no=("Filter by fear: how lists are made of critics", "Share this burden, ministers say",
            "Contact: Ana Brask, 0171 1234"),
    ),
    Rule(
        "arrow",
        _has_loose_arrow,
        yes=("Read the report »", "← Older releases"),
        no=("« Nous ne céderons pas »", "Egypt: 12 held → 3 freed"),
    ),
    Rule(
        "list of releases",
        _whole(rf"(?:{_MONTH_NAMES})\.? (?:19|20)\d\d (?:press|news|media) releases?"),
        yes=("July 2006 Press Releases", "September 2006 News Releases"),
        no=("July 2006 press releases deny deaths", "Press releases"),
    ),
    Rule(
        "letterhead",
        _whole(
            r"(?:from )?(?:the )?(?:office of )?(?:u\.?\s?s\.?|united states) "
            r"(?:senator|representative|congressman|congresswoman) \w[\w.’'-]*(?: \w[\w.’'-]*){1,2}"
            r"|senator \w+ \w+ (?:news|press|media) releases?"
        ),
        yes=("U S SENATOR PATRICK LEAHY", "United States Senator Gordon Smith",
             "Senator Carl Levin News Release"),
        no=("U.S. Senator Patrick Leahy Condemns Arrests In Nepal", "Senator Smith", "US senators"),
    ),
)  # fmt: skip


# --- Titles ------------------------------------------------------------------------------------

_ENDS_SENTENCE = re.compile(r"(?:[^A-Z.][.]|[:;,]|[。：；，])[”\"’)]*$")
_PLACE_FIRST = re.compile(
    r"(?P<place>[A-Z]{4,}(?: [A-Z]{3,})?)(?:,? [A-Z]\.?\s?[A-Z]\.?)? (?=[A-Z][a-z])"
)


def ends_sentence(text: str) -> bool:
    """Return whether a line ends like a sentence rather than like a title."""
    return bool(_ENDS_SENTENCE.search(text))


def _opens_with_place(text: str) -> bool:
    match = _PLACE_FIRST.match(text)
    return bool(match and match["place"].casefold() in PLACES)


_CONTACT = re.compile(
    r"(?:for more information,? )?(?:please )?(?:(?:press|media|pressekontakt|presse) )?"
    r"(?:contacts?|enquiries|inquiries|kontakt|contacto|contato|pressekontakt)\b.{0,30}:",
    re.I,
)
_REACHED_AT = re.compile(
    r"[\w.+-]{1,64}@[\w-]{1,64}\.\w|\+\d[\d ().-]{7,}\d|\b0\d(?:[ ()/.-]{0,2}\d){7,}"
)
_MAX_CONTACT_WORDS = 30


def is_contact(text: str) -> bool:
    """Return whether a line is a contact: a name with a number or an address."""
    if len(text) > 300 or size(text) > _MAX_CONTACT_WORDS or ends_sentence(text):
        return False
    named = _CONTACT.match(text)
    return bool(
        _REACHED_AT.search(text)
        or (named and text.isupper())
        or (named and re.fullmatch(r"\s*(?:[A-Z][\w.’'-]+(?:\s+|$)){1,4}", text[named.end() :]))
    )


NOT_A_TITLE = (
    Rule(
        "page furniture",
        lambda text: matching(FURNITURE, text),
        yes=("Filter by", "Home » Press » Tor Project launches a service"),
        no=("Tor Project launches a service",),
    ),
    Rule(
        "sentence",
        ends_sentence,
        yes=("The ministry said so.", "Dear friends,", "She wrote:", "部长说。"),
        no=("Egypt: Free all prisoners", "Statement on the U.S.", "“Free them all”"),
    ),
    Rule(
        "long sentence",
        lambda text: text.rstrip("”\"’)").endswith(".") and size(text) >= 15,
        yes=("Today the senator delivers two letters to the crew that fought the fire in the "
             "hills near Beaumont, CA.",),
        no=("Ministry denies deaths in U.S.", "Letter to the crew that fought the fire"),
    ),
    Rule(
        "lead that opens with its place",
        _opens_with_place,
        yes=("WASHINGTON DC Today Senator Kennedy met workers", "LONDON The minister met workers"),
        no=("UGANDA POLICE ARREST TEN", "Uganda Police arrest ten", "MINISTER Meets Workers"),
    ),
    Rule(
        "dateline",
        lambda text: dateline(text),
        yes=("WASHINGTON, D.C. – Today the senator met workers",),
        no=("Uganda – a year after", "MINISTRY CONFIRMS DEATHS – Three men died"),
    ),
    Rule(
        "press contact",
        is_contact,
        yes=("Contact: Anna Beispiel, +41 22 123 45 67", "MEDIA CONTACT: Anna Beispiel",
             "Anna Beispiel, press@example.org", "Press office: +41 22 123 45 67"),
        no=("Contact with prisoners is forbidden", "Contact: a film about visits",
            "Courts held 1,200 people in 2021", "03 16 2007 Statement of Levin"),
    ),
    Rule(
        "no letters",
        lambda text: not any(char.isalpha() for char in text),
        yes=("* * *", "2021"),
        no=("2021: a year",),
    ),
)  # fmt: skip

_CAPITAL_WORD = r"(?:(?:Mc|Mac|O[’'])?[A-ZÀ-ÞĀ-Ž0-9&][A-ZÀ-ÞĀ-Ž0-9.’'/&–-]*|[–-])"
_CAPITALS = re.compile(
    rf"\s*(?P<title>{_CAPITAL_WORD}(?:[,:;]?[ \t]+{_CAPITAL_WORD}){{2,40}})[,:]?\s+"
)


def capital_title(text: str) -> re.Match[str] | None:
    """Return a title in capitals that is followed by a date and the text on the same line."""
    match = _CAPITALS.match(text[:400])
    if not match or sum(char.isalpha() for char in match["title"]) < 10:
        return None
    day = DAY.match(text, match.end())
    if not day or not any(found.year for found in days_in(day[0])):
        return None
    return match


TITLES_IN_CAPITALS = (
    Rule(
        "capitals before a date",
        capital_title,
        yes=(
            "MINISTRY CONFIRMS DEATHS OF THREE PRISONERS, May 3, 2021 -- The ministry said",
            "SENATOR McCAIN INTRODUCES ACT OF 2007 October 17  2007 Washington  D C   U S  Senator",
        ),
        no=(
            "WASHINGTON, May 3, 2021 -- The ministry said",
            "MINISTRY CONFIRMS DEATHS OF THREE PRISONERS",
            "The ministry said on May 3, 2021 that",
        ),
    ),
)  # fmt: skip

_SENTENCE_END = re.compile(r"[.!?][”’\"»)]*(?=\s|$)|[。！？]|\n")


def first_sentence(text: str) -> str:
    """Return the first sentence of a text, cut after a word at MAX_OFFERED_TITLE."""
    text = text.strip()
    for end in _SENTENCE_END.finditer(text[: 4 * MAX_OFFERED_TITLE]):
        word = re.search(r"([\w.]+)$", text[: end.start()])
        last = word[1].casefold() if word else ""
        if last in ABBREVIATIONS or (len(last) < 3 and not last.isdigit()) or "." in last:
            continue
        text = text[: end.end()].strip()
        break
    sentence = plain(text).rstrip(".。")
    if len(sentence) <= MAX_OFFERED_TITLE:
        return sentence
    start = sentence[:MAX_OFFERED_TITLE]
    return (start.rpartition(" ")[0] or start).rstrip(" ,;:–—-") + "…"


_TITLE_LABEL = re.compile(
    r"\s*(?:subject|title|headline|betreff|titel|überschrift|objet|titre|asunto|título|assunto"
    r"|oggetto|titolo|тема|الموضوع|العنوان)\s?[:：]\s+(?=\S+\s+\S)",
    re.I,
)


def title_label_end(text: str) -> int:
    """Return the end of a label before a title, as in “Subject: Court must free four”, or 0."""
    match = _TITLE_LABEL.match(text[:MAX_DATELINE_CHARACTERS])
    return match.end() if match else 0


TITLE_LABELS = (
    Rule(
        "label",
        title_label_end,
        yes=("Subject: Court must free four", "Headline: Court must free four",
             "Betreff: Gericht muss vier freilassen"),
        no=("Subject to torture: four prisoners speak", "Title: Four", "Headline news: court"),
    ),
)  # fmt: skip

ERROR_PAGES = (
    Rule(
        "moved",
        _whole(r"(?:30\d )?(?:object|document|page) (?:has )?moved(?: permanently| temporarily)?"
               r"|30\d (?:found|moved.*)|moved permanently"),
        yes=("Object Moved", "301 Moved Permanently", "302 Found"),
        no=("Object moved by the museum is found", "Villages moved"),
    ),
    Rule(
        "not found or refused",
        _whole(
               r"(?:error )?(?:40\d|50\d)\b.{0,40}|(?:page |file )?not found|access denied"
               r"|forbidden|service (?:temporarily )?unavailable|bad gateway|internal server error"
        ),
        yes=("404 Not Found", "Access Denied", "503 Service Temporarily Unavailable"),
        no=("404 prisoners were not found in any register of the ministry",
            "Access denied to camp"),
    ),
)  # fmt: skip


# --- Separate lines above the text -----------------------------------------------------------

_TIME = re.compile(
    r"\b\d{1,2}[:.]\d\d(?:\s?[ap]\.?m\.?)?|\b\d{1,2}\s?[ap]\.?m\.?|\b\d{4}\s?hrs\b", re.I
)
_EMBARGO = re.compile(
    r"\b(?:embargo(?:ed)?|sperrfrist|embargado|sous embargo"
    r"|not for (?:publication|release) before)\b",
    re.I,
)
_NUMBER_OF_RELEASE = re.compile(
    r"[\s,:]+(?:n[or]\.?|n[°º]|№|#)\s?\d{1,5}(?:[/-]\d{2,4})?\s*$", re.I
)
# The person who published the page, named after its date.
_BYLINE = re.compile(r"\s(?:by|par|von|por|di|door|av|af)(?:\s+[^\W\d][\w.’'@-]*){1,3}\s*$", re.I)
# “for release” is left out here, because sentences can begin with it.
_LONG_RELEASE_LINES = sorted(RELEASE_LINES - {"for release"}, key=len, reverse=True)
_LEADING_RELEASE_LINE = re.compile(
    rf"\s*(?i:{'|'.join(map(re.escape, _LONG_RELEASE_LINES))})"
    # A scraped page may have lost the space: “FOR IMMEDIATE RELEASEApril 11”.
    r"(?:\b|(?<=[A-Z])(?=[A-Z][a-z]))[\s:.–—|-]*(?=[“\"‘'(]?[^\W\d_a-z])"
)


def release_line_end(text: str) -> int:
    """Return the end of “for immediate release” at the start of a longer text, or 0."""
    match = _LEADING_RELEASE_LINE.match(text)
    return match.end() if match else 0


def head_line(text: str) -> tuple[str, str] | None:
    """Return the part that a line above the text is, and the kind of release that it names."""
    if len(text) > 150 or not text:
        return None
    if _EMBARGO.search(text) and len(text.split()) <= 15:
        return "embargo line", ""
    kicker = KICKERS.get(_NUMBER_OF_RELEASE.sub("", text).casefold().strip(" :|-–—*_"))
    if kicker:
        return "kicker", kicker
    rest = text
    days = list(days_in(text))
    for day in reversed(days):
        rest = rest[: day.start] + " " + rest[day.end :]
    if days:
        rest = _BYLINE.sub("", rest)
    left = re.sub(r"[^\w\s’'-]", " ", _TIME.sub(" ", rest)).casefold().split()
    left = [word for word in left if word.strip("-") and word not in WEEKDAYS]
    phrase = " ".join(left)
    if phrase in RELEASE_LINES:
        return "release line", ""
    if days and phrase in KICKERS:
        return "kicker", KICKERS[phrase]
    kind = next((kind for words_, kind in KICKERS.items() if phrase.endswith(words_)), "")
    if days and all(word in DATE_LINE_WORDS for word in left):
        return "date line", kind if left else ""
    return None


def _is(part: str) -> Callable[[str], object]:
    return lambda text: (head_line(text) or ("", ""))[0] == part


HEAD_LINES = (
    Rule(
        "kicker",
        _is("kicker"),
        yes=("Press release", "PRESS RELEASE:", "Statement", "3 May 2021 | Press release",
             "Press release no. 12/2021", "Pressemitteilung Nr. 3"),
        no=("Press release on torture", "The statement", "Statement of the ministry on deaths"),
    ),
    Rule(
        "release line",
        _is("release line"),
        yes=("FOR IMMEDIATE RELEASE", "For immediate release: 3 May 2021",
             "For release: 3 May 2021, 10:00"),
        no=("For immediate release of all prisoners", "Release them"),
    ),
    Rule(
        "embargo line",
        _is("embargo line"),
        yes=("EMBARGOED until 00:01 GMT, 3 May 2021", "Not for release before 3 May"),
        no=("The arms embargo that the council renewed in May has not stopped sales of weapons to "
            "either side in the war",),
    ),
    Rule(
        "date line",
        _is("date line"),
        yes=("3 May 2021", "Posted on May 3, 2021", "Friday, August 25, 2006",
             "Publié le 3 mai 2021 par admin", "Posted on May 3, 2021 by Anna Beispiel"),
        no=("3 May 2021: a day of shame", "May 2021", "Freed on 3 May 2021 by the court"),
    ),
)  # fmt: skip

_NUMBERS_DATE = re.compile(
    r"\s*(?P<a>\d{1,2})(?P<by>[ /.-])(?P<b>\d{1,2})(?P=by)(?P<year>(?:19|20)\d\d)\b"
)


@dataclass(frozen=True, slots=True)
class LeadingDate:
    """A date at the start of a text: its end, and the day as printed or as ISO 8601."""

    end: int
    day: str


def leading_date(text: str) -> LeadingDate | None:
    """Return the full date at the start of a title or text that is not part of a sentence.

    `day` is empty for a date of numbers that can be read in two ways, such as 03/04/2021.
    """
    text = text[:MAX_DATELINE_CHARACTERS]
    day = next(days_in(text), None)
    if day and day.start == len(text) - len(text.lstrip()) and day.year:
        found = LeadingDate(day.end, day.text)
    elif match := _NUMBERS_DATE.match(text):
        first, second = int(match["a"]), int(match["b"])
        iso = ""
        if first > 12 >= second > 0 and first <= 31:
            iso = f"{match['year']}-{second:02}-{first:02}"
        elif second > 12 >= first > 0 and second <= 31:
            iso = f"{match['year']}-{first:02}-{second:02}"
        found = LeadingDate(match.end(), iso)
    else:
        return None
    gap = re.match(r"[\s|–—-]+(?=[“\"‘]?[^\W\d_a-z])", text[found.end :])
    return LeadingDate(found.end + gap.end(), found.day) if gap else None


LEADING_DATES = (
    Rule(
        "date first",
        leading_date,
        yes=("September 6  2006   Washington  DC   Senator Martinez",
             "03 16 2007 Statement of Levin", "3 May 2021 – The ministry said"),
        no=("3 May 2021 was a day of shame", "2007 Statement of Levin", "On 3 May 2021 – The"),
    ),
)  # fmt: skip
