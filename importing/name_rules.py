"""Rules that recognise a person by the words around a run of capitalised words.

In the rules and their examples, the sign § stands for the name.
"""

import re

from importing.name_words import (
    BRACKETS_PATTERN,
    TITLE_PATTERN,
    apposition_after,
    description_before,
    is_plural_role,
    is_role,
    is_title,
    lowered,
)
from importing.rules import Rule
from importing.vocabulary import (
    DONE_OF_PEOPLE,
    DONE_TO_PEOPLE,
    SPEECH_VERBS,
    SPEECH_VERBS_BESIDE_A_QUOTE,
)

PERSON = "§"  # stands for the name in the rules
_MAX_BEFORE, _MAX_AFTER = 900, 250  # characters around a name that the rules examine
SPEECH_VERB_AFTER = re.compile(
    rf"{BRACKETS_PATTERN}(?:,\s(?P<title>{TITLE_PATTERN}),)?\s"
    rf"(?:(?:has|have|had|also|later|today|then|further|recently|a|ha|hat)\s)*(?P<verb>[^\W\d_]+)"
)
STATEMENT_AFTER = re.compile(
    r"(?:\s\([^()]{1,40}\))?(?:,[^.,;:!?]{2,160},)?(?:\s\w+){0,3}?\s(?:made|issued|released|gave"
    r"|delivered|offered|makes|issues|releases)\s(?:the|this)\sfollowing\s(?:\w+\s){0,2}"
    r"(?:statement|remarks?|comments?|reaction)\b"
)
POSSESSIVE_STATEMENT_AFTER = re.compile(
    r"['’]s? (?:full |public |joint |own )?(?:statement|remarks?|comments?|reaction)\b", re.I
)
_SOMEBODY_AFTER = re.compile(
    r"(?:,? who(?:m|se)?\b|,? (?:aged )?\d{1,2}(?=[,)])|\s\((?:aged )?\d{1,3}[,)]"
    r"|\s\([DRI][-–][A-Z])"
)
_TO_BE = re.compile(
    r" (?:to be|as|for the rank of|has been appointed|was appointed) ((?:[\w-]+ ){0,3}[\w-]+)"
)
_LIST_OPENS = re.compile(r"(?:,? such as|,? including|,? namely|:|\s?\()\s*$")
_QUOTE_NEAR = re.compile(r"[“”\"«»:]")
_MADE_BY = re.compile(
    r"\b(?:founded|created|written|authored|led|chaired|headed|sponsored|introduced|directed"
    r"|edited|signed|maintained|proposed|drafted|fondée?s?|créée?s?|dirigée?s?|fundad[oa]s?"
    r"|cread[oa]s?|criad[oa]s?|dirigid[oa]s?|gegründet|ιδρύθηκε|основан[аоы]?|создан[аоы]?)\s"
    r"(?:\w+\s){0,4}?(?:by|par|por|pelo|pela|von|από(?:\sτον|\sτην)?)\s§"
)
_MET_OR_THANKED = re.compile(
    r"\b(?:(?:thank|congratulate|commend|praise|nominate|appoint|elect|succeed|interview)(?:s|e?d)?"
    r"|thanking|congratulating|commending|praising|nominating|appointing"
    r"|(?:meets?|met|meeting|meetings|spoke|speak|speaks) with|(?:accompanied|joined|succeeded) by"
    r")\s§"
)
_IS_A = re.compile(
    r" (?:is|was|are|were|became|remains) ((?:an?|the|one of the|both)? ?(?:[a-z][\w-]+ ?){1,4})"
)
_DONE_TO_PERSON = re.compile(
    r"§ (?:was|were|is|has been|have been|had been) (?:\w+ly )?(?:abducted|arrested|assassinated"
    r"|convicted|deported|detained|imprisoned|jailed|kidnapped|murdered|sentenced|tortured)\b"
)
_AGAINST = re.compile(
    r"\b(?:verdict|charges?|indictment|prosecution|proceedings|sentence|trial)s?\s"
    r"(?:of\s\w+\s)?against\s§"
)
_CONTACT = re.compile(
    r"\b(?:contacts?|enquiries|inquiries|interviews?|information)(?:\sdetails)?[^.:;§\n]{0,40}"
    r"(?::\s*|\bcontact:?\s)§|\b[Cc]ontact:?\s§",
    re.I,
)
_REACHED = re.compile(
    r"§(?:,|:|;|\sat|\son)?\s(?:at\s|on\s)?\(?(?:(?:tel|phone|mobile|cell|email|e-mail)\b"
    r"|\+?\(?\d{2,4}\)?[ /.-]\d{2,4}[ /.-]?\d{2,4}|[\w.+-]{1,40}@)",
    re.I,
)
_ROLE_AND_COMMA = re.compile(
    r"\b(?:the|its|our|his|her|their|whose)\s(?:[\w’'-]+\s){0,6}?([\w-]+?)(?:-designate|-elect)?"
    r"(?:,\s|\s\()$"
)


def words_around(text: str, start: int, end: int) -> str:
    """Return the words around a name, with PERSON in its place."""
    before = text[max(0, start - _MAX_BEFORE) : start].replace(PERSON, " ")
    return before + PERSON + text[end : end + _MAX_AFTER].replace(PERSON, " ")


def _has_role_before(around: str) -> bool:
    at = around.index(PERSON)
    return description_before(around, at)[1] < at


def _has_apposition(around: str) -> bool:
    return bool(apposition_after(around.partition(PERSON)[2]))


def _has_verb_after(around: str) -> bool:
    return has_speech_verb(around, around.index(PERSON) + 1)


def _has_verb_before(around: str) -> bool:
    return follows_speech_verb(around, around.index(PERSON))


def _is_appointed(around: str) -> bool:
    to_be = _TO_BE.match(around.partition(PERSON)[2])
    return bool(to_be and any(map(is_role, to_be[1].split())))


def _is_called_role(around: str) -> bool:
    found = _IS_A.match(around.partition(PERSON)[2])
    return bool(found and any(map(is_role, found[1].split())))


def _is_object_of_deed(around: str) -> bool:
    word, other = _last_words(around.partition(PERSON)[0])
    return word in DONE_TO_PEOPLE or (word == "of" and other in DONE_OF_PEOPLE)


def _is_listed_first(around: str) -> bool:
    return _opens_list_of_people(around.partition(PERSON)[0])


def _is_named_after_role(around: str) -> bool:
    """Return whether a role and a comma come before it: “the minister-designate, §, …”."""
    found = _ROLE_AND_COMMA.search(around.partition(PERSON)[0][-100:])
    return bool(found and is_role(found[1]) and around.partition(PERSON)[2][:1] in (",", ")", ":"))


# One strong rule is enough. One weak rule is enough only if the name is not doubtful.
STRONG = (
    Rule("a role before the name", _has_role_before,
         ("human rights lawyer §", "China's Foreign Minister §", "Secretary of State §",
          "President of China, §", "Sen. §"),
         ("The visit to §", "a law of §", "We met §")),
    Rule("a role after the name", _has_apposition,
         ("§, Head of Campaigns, wrote", "§, a blind activist who was jailed"),
         ("§, which is a city", "§, and others")),
    Rule("a verb of saying after the name", _has_verb_after,
         ("§ said on Friday", "§, Director of Aid, told us", "“…”, § noted"),
         ("§ was closed", "§ noted a fall in prices")),
    Rule("a verb of saying before the name", _has_verb_before,
         ("“…”, said §", ", a déclaré §", ", sagte §"),
         ("on the way to §", "built by §")),
)  # fmt: skip
WEAK = (
    Rule("an age, a party or “who” after the name",
         lambda around: _SOMEBODY_AFTER.match(around.partition(PERSON)[2]),
         ("§, who was jailed", "§, 34, was freed", "§ (D-CT)", "§ (aged 12)"),
         ("§ (2012)", "§, which", "§ was built")),
    Rule("appointed to a role", _is_appointed,
         ("§ to be a judge", "§ was appointed as its first director", "§ as ambassador"),
         ("§ to be built", "§ as usual")),
    Rule("something done only to people", _is_object_of_deed,
         ("They arrested §", "the death of §", "supporters of §"),
         ("They built §", "the length of §")),
    Rule("first in a list of people", _is_listed_first,
         ("lawyers such as §", "four activists: §"),
         ("cities such as §", "two things: §")),
    Rule("founded, written or led by", _MADE_BY.search,
         ("a project founded in 1993 by §", "fondé en 1993 par §", "fundado por §", "led by §"),
         ("closed by §", "the road by §", "founded by the §")),
    Rule("is a role", _is_called_role,
         ("§ is a human rights lawyer", "§ was one of the founders",
          "§ were prisoners of conscience"),
         ("§ is a city", "§ was a success", "§ is an operating system")),
    Rule("arrested, sentenced or killed", _DONE_TO_PERSON.search,
         ("§ was arrested in May", "§ has been sentenced to death", "§ were unlawfully detained"),
         ("§ was released in May", "§ was built", "§ was charged extra")),
    Rule("a trial against", _AGAINST.search,
         ("the verdict against §", "charges of fraud against §"),
         ("a campaign against §", "the verdict against the §")),
    Rule("met or thanked", _MET_OR_THANKED.search,
         ("We thank §", "The minister met with §", "accompanied by §", "She congratulated §"),
         ("We visited §", "We met in §")),
    Rule("a contact", lambda around: _CONTACT.search(around) or _REACHED.search(around),
         ("Contact: §", "For interviews contact §", "§, 202/228-3630;", "§ (ana@example.org)",
          "Media enquiries: §", "§, tel. +44 20 7413 5566"),
         ("§, 12 May", "Contact us at §", "§ 2012")),
    Rule("named after a role", _is_named_after_role,
         ("urge the Prime Minister-designate, §, to", "its director, §, wrote",
          "the group's lawyer (§)"),
         ("the city, §, was", "the minister, § and")),
)  # fmt: skip


def has_speech_verb(text: str, end: int) -> bool:
    """Return whether a verb of saying follows the name that ends at a position."""
    match = SPEECH_VERB_AFTER.match(text, end)
    if not match or (match["title"] and not is_title(match["title"])):
        return False
    verb = match["verb"].casefold()
    near = text[max(0, end - 150) : match.end() + 40]
    return verb in SPEECH_VERBS or (
        verb in SPEECH_VERBS_BESIDE_A_QUOTE and bool(_QUOTE_NEAR.search(near))
    )


def follows_speech_verb(text: str, start: int) -> bool:
    _, first = description_before(text, start)
    words = text[max(0, first - 40) : first].split()
    verb = words[-1].strip(',”"') if words else ""
    if verb in SPEECH_VERBS:
        return True
    near = text[max(0, first - 60) : first]
    return verb in SPEECH_VERBS_BESIDE_A_QUOTE and bool(_QUOTE_NEAR.search(near))


def _last_words(before: str) -> tuple[str, str]:
    words = [lowered(word) for word in before[-60:].split()]
    return (words[-1] if words else ""), (words[-2] if len(words) > 1 else "")


def _opens_list_of_people(before: str) -> bool:
    before = before[-80:]
    opening = _LIST_OPENS.search(before)
    words = before[: opening.start()].split() if opening else []
    return bool(words) and is_plural_role(words[-1].strip(","))
