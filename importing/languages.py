"""Guesses the language of a file from what it states and from its text, with a certainty."""

import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import fasttext

from importing.rules import Rule
from releases import languages

MODEL = Path(__file__).parent / "data" / "lid.176.ftz"

STATED, NAMED, DETECTED = "stated", "file_name", "detected"
CHOSEN, UNKNOWN = "chosen", "unknown"
# A language with at least this certainty is set on the draft: of such guesses for paragraphs in 155
# languages, 1.9 % are wrong (bench/languages.py). With less certainty, the user is asked.
SURE = 0.8
_MAX_CHARACTERS = 20_000  # that are examined
_PIECE_CHARACTERS = 500  # that the model judges at a time: a foreign name affects one piece only
_MIN_LETTERS = 80  # of a script that several languages use
_MIN_OWN_LETTERS = 20  # of a script that one language uses, and of Chinese
_MAX_CANDIDATES = 4
_MIN_CERTAINTY = 0.04  # less likely languages are not offered

# Scripts that only one larger language uses, and that language.
_ONE_LANGUAGE = {
    "Adlm": "ff-Adlm", "Armn": "hy", "Cher": "chr", "Geor": "ka", "Grek": "el", "Gujr": "gu",
    "Guru": "pa", "Hang": "ko", "Jpan": "ja", "Khmr": "km", "Knda": "kn", "Laoo": "lo",
    "Mlym": "ml", "Nkoo": "nqo", "Olck": "sat", "Orya": "or", "Rohg": "rhg", "Sinh": "si",
    "Taml": "ta", "Telu": "te", "Thaa": "dv", "Thai": "th", "Yiii": "ii",
}  # fmt: skip
# Labels of the model, and the tags that they may mean.
_MEANS = {
    "als": ("gsw",), "arz": ("ar",), "azb": ("az",), "bh": ("bho",), "no": ("nb",),
    "pnb": ("pa",), "sh": ("hr", "bs", "sr"), "tl": ("fil",),
}  # fmt: skip
# Languages that are also written in a script that is not their usual one. Other guesses of the
# model in an unusual script are dropped.
_ALSO_WRITTEN_IN = {
    "Arab": {"az", "kk", "ku", "ky", "pa", "uz"},
    "Cyrl": {"az", "bs", "tk", "ug", "uz"},
    "Latn": {"kk", "sr", "tt", "ug"},
    "Deva": {"sd"},
}
_SIMPLIFIED = frozenset("们这国为说时来对发会经过还进后没与长开关动问间见让从报书")
_TRADITIONAL = frozenset("們這國為說時來對發會經過還進後沒與長開關動問間見讓從報書")


def _share(pattern: str, least: float) -> Any:
    """Return a test: do the matches of a pattern reach a share of the words or syllables?"""
    found, between = re.compile(pattern), re.compile(r"[\s་፡]+")
    return lambda text: len(found.findall(text)) >= least * (len(between.findall(text)) + 1)


# Languages that the model does not know and confuses with a similar one. The name is the tag.
SIBLINGS = (
    Rule(
        "ti",
        _share("ናይ|ካብ|እዩ|ኣ|ኸ|ቐ", 0.04),
        yes=(
            "ምስትውዓልን ሕሊናን ዝተዓደሎም ብምዃኖም ንሕድሕዶም ክተሓላለዩ ኣለዎም። ናይ ኩሉ ሰብ መሰል ኣብ ሕጊ እዩ።",
        ),
        no=(
            "የሰው ልጅ ሁሉ ሲወለድ ነጻና በክብርና በመብትም እኩልነት ያለው ነው። የተፈጥሮ ማስተዋልና ሕሊና አለው።",
        ),
    ),
    Rule(
        "dz",
        _share("ཨིན|ཚུ་|དགོཔ|འབད|ལུ་", 0.02),
        yes=("འགྲོ་བ་མི་རིགས་ག་ར་དབང་ཆ་འདྲ་མཏམ་འབད་སྒྱེཝ་ལས་ག་ར་གིས་གཅིག་གིས་གཅིག་ལུ་སྤུན་ཆའི་དམ་ཚིག་བསྟན་དགོཔ་ཨིན།",),
        no=("འགྲོ་བ་མིའི་རིགས་རྒྱུད་ཡོངས་ལ་སྐྱེས་ཙམ་ཉིད་ནས་ཆེ་མཐོངས་དང༌། ཐོབ་ཐངགི་རང་དབང་འདྲ་མཉམ་དུ་ཡོད་ལ།",),
    ),
)  # fmt: skip
_IN_NAMES = re.compile(r"([a-z]{2}|ckb)([-_][a-z]{2}|[-_][a-z]{4})?", re.IGNORECASE)
# Addresses, numbers and file names have no language. The model takes them for English.
_NO_WORDS = re.compile(r"\S{0,40}[0-9@/_\\]\S{0,40}")
_SIBLINGS_OF = {"Ethi": "ti", "Tibt": "dz"}
# Letters that only one language of a script uses. They confirm the model if it chooses that
# language.
_OWN_LETTERS = {
    "be": "ў", "ckb": "ڕڵ", "kk": "ұ", "ps": "ټډړښځڅږڼۍ", "sd": "ڄڃٻڀڙڊڌٺٽڦڪڳڱ۽", "ug": "ۇۈۋ",
    "uk": "їґ",
}  # fmt: skip
_AGREED_CERTAINTY = 0.9  # of a language that these letters confirm
_MIN_OWN_SHARE = 0.01  # of all letters; one foreign name has fewer
# Letters of Burmese script that Burmese itself does not use: Mon, Shan, Karen and others do.
_NOT_BURMESE = re.compile("[\u1028\u1033-\u1035\u105a-\u109f\ua9e0-\ua9fe\uaa60-\uaa7f]")


@dataclass(frozen=True, slots=True)
class LanguageGuess:
    """The likely language of a file, with its certainty.

    `tag`: BCP 47, "" for no guess. `certainty` and the certainties of `runners_up`: 0 to 1.
    `source`: STATED in the file, NAMED by its name, DETECTED from its text, CHOSEN by the
    user, or UNKNOWN.
    """

    tag: str = ""
    certainty: float = 0.0
    runners_up: tuple[tuple[str, float], ...] = ()
    source: str = UNKNOWN

    @property
    def is_sure(self) -> bool:
        """Whether it is certain enough to be set without asking the user."""
        return self.certainty >= SURE

    @property
    def candidates(self) -> tuple[str, ...]:
        """The languages to choose from, the likeliest first."""
        return tuple(filter(None, [self.tag, *(tag for tag, _ in self.runners_up)]))


def guess_language(stated: str, filename: str, text: str) -> LanguageGuess:
    """Guess the language of a text from what the file states, its name and the text.

    A stated language wins if its script fits. It is uncertain if the text seems to be in another
    language, because many pages state “en” for any language.
    """
    detected = detect(text)
    for claim, source in ((_read(stated), STATED), (_from_name(filename), NAMED)):
        if claim:
            return _weighed(claim, source, detected, text)
    return detected


def detect(text: str) -> LanguageGuess:
    """Guess the language of a text from its letters and words."""
    text = text[:_MAX_CHARACTERS]
    scripts = languages.scripts_in(text)
    letters = sum(scripts.values())
    if not letters:
        return LanguageGuess()
    if letters == scripts.pop("", 0):
        return LanguageGuess()
    if scripts["Hang"] > 0.3 * (scripts["Hang"] + scripts["Hani"]):
        scripts["Hang"] += scripts.pop("Hani", 0)  # Korean with some Chinese characters
    script, count = scripts.most_common(1)[0]
    share = count / letters
    if script in _ONE_LANGUAGE:
        found, fewest = {_ONE_LANGUAGE[script]: 1.0}, _MIN_OWN_LETTERS
    elif script == "Hani":
        found, fewest = _chinese(text), _MIN_OWN_LETTERS
    else:
        found, fewest = _by_model(text, script), _MIN_LETTERS
    # Several scripts or few letters make the guess less certain.
    weight = min(1.0, share / SURE) * min(1.0, count / fewest)
    ranked = sorted(((tag, round(part * weight, 3)) for tag, part in found.items()), key=_order)
    (tag, certainty), *others = ranked[:_MAX_CANDIDATES] or [("", 0.0)]
    if certainty < _MIN_CERTAINTY:
        return LanguageGuess()
    return LanguageGuess(
        tag, certainty, tuple(o for o in others if o[1] >= _MIN_CERTAINTY), DETECTED
    )


def _order(pair: tuple[str, float]) -> tuple[float, str]:
    return -pair[1], pair[0]


def _weighed(claim: str, source: str, detected: LanguageGuess, text: str) -> LanguageGuess:
    """Return the stated language, weighed against the language of the text."""
    if not detected.tag:
        return LanguageGuess(claim, 0.9, (), source)
    if detected.tag.startswith("zh-") and claim.startswith("zh"):
        # A stated tag is often wrong about the Chinese script, simplified or traditional.
        other = next((part for _tag, part in detected.runners_up), 0.0)
        if detected.certainty < 4 * other:
            return LanguageGuess(claim, 0.5, _without(claim, detected), source)
        return LanguageGuess(detected.tag, max(0.9, detected.certainty), (), source)
    if _alike(claim, detected.tag):
        return LanguageGuess(claim, max(0.95, detected.certainty), detected.runners_up, source)
    scripts = languages.scripts_in(text[:_MAX_CHARACTERS])
    writes = {"Hans": "Hani", "Hant": "Hani", "Kore": "Hang"}
    own = languages.script_of(claim)
    fits = not own or scripts[writes.get(own, own)] > 0.3 * sum(scripts.values())
    if not fits:
        return detected
    if not detected.is_sure:
        return LanguageGuess(claim, 0.9, _without(claim, detected), source)
    return LanguageGuess(claim, 0.5, _without(claim, detected), source)


def _without(claim: str, detected: LanguageGuess) -> tuple[tuple[str, float], ...]:
    ranked = ((detected.tag, detected.certainty), *detected.runners_up)
    return tuple(pair for pair in ranked if pair[0] != claim)


def _alike(tag: str, other: str) -> bool:
    """Return whether two tags name the same language, or two that are similar in writing."""
    first, second = tag.partition("-")[0], other.partition("-")[0]
    together = ({"nb", "nn", "no"}, {"hr", "bs", "sr", "sh", "cnr"}, {"id", "ms"}, {"fa", "prs"})
    return first == second or any({first, second} <= group for group in together)


def _read(stated: str) -> str:
    """Return the tag for a stated tag, locale or language name; "" for none."""
    stated = stated.strip()[:60]
    if found := languages.from_name(stated):
        return found
    locale = re.split("[.@]", stated)[0].replace("_", "-")  # pt_BR.UTF-8, sr_RS@latin
    try:
        tag = languages.canonical(locale)
    except languages.LanguageTagError:
        return ""
    known = tag[:2] != "x-" and languages.english_name(tag) != tag
    return languages.without_usual_subtags(tag) if known else ""


def _from_name(filename: str) -> str:
    """Return the language in the name of a file, "" for none."""
    for part in reversed(filename.split(".")[1:-1][-3:]):
        # Parts of three letters are rarely language tags: com, org, min.
        if found := languages.from_name(part) or (_read(part) if _IN_NAMES.fullmatch(part) else ""):
            return found
    return ""


def _chinese(text: str) -> dict[str, float]:
    """Return the shares of both Chinese scripts, by the characters that only one of them has."""
    counts = Counter(text)
    simplified = sum(counts[char] for char in _SIMPLIFIED)
    traditional = sum(counts[char] for char in _TRADITIONAL)
    if simplified + traditional < 3:
        return {"zh-Hans": 0.5, "zh-Hant": 0.5}
    part = simplified / (simplified + traditional)
    return {"zh-Hans": part, "zh-Hant": 1 - part}


def _by_model(text: str, script: str) -> dict[str, float]:
    """Return the likelihood of each language of a script, 0 to 1."""
    sibling = next((rule for rule in SIBLINGS if rule.name == _SIBLINGS_OF.get(script)), None)
    if sibling and sibling.matches(text):
        return {sibling.name: 0.9}
    if script == "Mymr" and len(_NOT_BURMESE.findall(text)) > 0.03 * len(text):
        return {"my": 0.25, "shn": 0.25, "ksw": 0.25, "mnw": 0.25}
    votes: Counter[str] = Counter()
    weight = 0
    for piece in _pieces(text):
        letters = sum(char.isalpha() for char in piece)
        weight += letters
        # Lone surrogates are removed, because they cannot be encoded. The model reads one line.
        line = piece.encode("utf-8", "ignore").decode().lower()
        labels, parts = _model().predict(line, 8, 0.01)
        for label, part in zip(labels, parts, strict=True):
            for tag, share in _tags(label.removeprefix("__label__"), script):
                votes[tag] += letters * min(part, 1.0) * share
    if not weight:
        return {}
    likely = {tag: vote / weight for tag, vote in votes.items()}
    first = max(likely, key=lambda tag: likely[tag], default="")
    own = frozenset(_OWN_LETTERS.get(first, ""))
    if sum(char in own for char in text) > _MIN_OWN_SHARE * weight:
        likely[first] = max(likely[first], _AGREED_CERTAINTY)
    return likely


def _pieces(text: str) -> list[str]:
    """Return a text on one line, in pieces of nearly equal length."""
    text = " ".join(_NO_WORDS.sub(" ", text).split())
    number = max(1, round(len(text) / _PIECE_CHARACTERS))
    length = -(-len(text) // number)
    return [text[start : start + length] for start in range(0, len(text), length or 1)]


def _tags(label: str, script: str) -> list[tuple[str, float]]:
    """Return the tags that a label of the model may mean in a script, with their likelihoods."""
    means = _MEANS.get(label, (label,))
    tags = []
    for language in means:
        usual = languages.script_of(language)
        if usual == script:
            tags.append(language)
        elif language in _ALSO_WRITTEN_IN.get(script, ()):
            tags.append(f"{language}-{script}")
    return [(tag, 1 / len(tags)) for tag in tags]


@cache
def _model() -> Any:
    """Load the model, once per process. This takes 20 ms and 6 MB."""
    return fasttext.load_model(str(MODEL))
