"""Writes forms.jsonl: 300 invented people, with 20 ways to write each name.

    python bench/data/names/make.py

It reads people.txt and sentences.txt in the same folder. Nothing is random: each choice depends on
the position of the person in the list, so every run writes the same bytes. It was written without
regard to the code that searches for names.
"""

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

HERE = Path(__file__).parent
FORMS_PER_PERSON = 20

# Traditions with the family name first, and traditions without a space between the parts.
FAMILY_FIRST = {"zh", "ko", "ja", "vi", "hu", "zh-Hani", "ko-Hang", "ja-Jpan"}
JOINED = {"zh-Hani", "ko-Hang", "ja-Jpan"}
TSHEG = "\u0f0b"

# The language of the sentences, by tradition. Other traditions get English sentences only.
LANGUAGE = {
    "es": "es",
    "fr": "fr",
    "pt": "pt",
    "de": "de",
    "tr": "tr",
    "pl": "pl",
    "hu": "hu",
    "vi": "vi",
    "ar-Arab": "ar",
    "fa-Arab": "fa",
    "ug-Arab": "ug",
    "ru-Cyrl": "ru",
    "uk-Cyrl": "uk",
    "el-Grek": "el",
    "he-Hebr": "he",
    "hi-Deva": "hi",
    "th-Thai": "th",
    "bo-Tibt": "bo",
    "zh-Hani": "zh",
    "ja-Jpan": "ja",
    "ko-Hang": "ko",
}

# Titles before a name: first for men, then for women.
TITLES_BEFORE = {
    "en": (
        ["Dr", "Prof.", "Mr", "Sir", "Judge", "The Rev.", "Detective Sergeant"],
        ["Dr", "Prof.", "Ms", "Dame", "Mrs", "The Rt Hon.", "Sister"],
    ),
    "ga": (["Dr", "Prof.", "Mr", "Fr", "Senator"], ["Dr", "Prof.", "Ms", "Sr", "Senator"]),
    "es": (["don", "Dr.", "Lic.", "Sr.", "Ing."], ["doña", "Dra.", "Lcda.", "Sra."]),
    "fr": (["M.", "Me", "le docteur", "Mgr"], ["Mme", "Me", "la docteure", "Mlle"]),
    "pt": (["Dr.", "Sr.", "Dom", "Eng.º"], ["Dra.", "Sra.", "Dona"]),
    "de": (["Herr", "Dr.", "Prof. Dr.", "Rechtsanwalt"], ["Frau", "Dr.", "Prof. Dr.", "Fr."]),
    "ar": (
        ["Sheikh", "Dr", "Hajji", "Ustadh", "Sayyid", "Imam"],
        ["Sheikha", "Dr", "Hajja", "Ustadha", "Sayyida", "Umm Ahmad,"],
    ),
    "ar-Arab": (
        ["الدكتور", "الشيخ", "المحامي", "السيد"],
        ["الدكتورة", "السيدة", "المحامية", "الأستاذة"],
    ),
    "fa": (["Dr", "Ayatollah", "Seyyed", "Mohandes"], ["Dr", "Khanom", "Seyyedeh"]),
    "fa-Arab": (["دکتر", "آقای"], ["دکتر", "خانم"]),
    "tr": (["Av.", "Dr.", "Sayın", "Prof. Dr."], ["Av.", "Dr.", "Sayın"]),
    "ru-Cyrl": (["г-н", "доктор", "адвокат", "полковник"], ["г-жа", "доктор", "адвокат"]),
    "uk-Cyrl": (["пан", "адвокат", "о."], ["пані", "адвокатка"]),
    "zh": (["Mr", "lawyer", "Professor"], ["Ms", "lawyer", "Madam"]),
    "zh-Hani": (["律师", "记者", "被告人", "原告"], ["律师", "记者", "被告人"]),
    "bo": (["Lama", "Geshe", "Khenpo", "Ven."], ["Ani", "Ama", "Acha"]),
    "bo-Tibt": (["བླ་མ་", "དགེ་བཤེས་"], ["ཨ་ནེ་", "ཨ་མ་"]),
    "ug": (["Haji", "Dr", "Ustaz", "Damolla"], ["Dr", "Ustaz", "Hajim"]),
    "ug-Arab": (["دوكتور", "ھاجى"], ["دوكتور", "ئوقۇتقۇچى"]),
    "ko": (["Mr", "Rev.", "lawyer"], ["Ms", "Rev.", "lawyer"]),
    "ko-Hang": (["변호사", "기자", "목사"], ["변호사", "기자", "교수"]),
    "ja": (["Mr", "Professor"], ["Ms", "attorney"]),
    "ja-Jpan": (["弁護士の", "記者の"], ["弁護士の", "教授の"]),
    "vi": (["Ông", "Luật sư", "Linh mục", "Nhà báo"], ["Bà", "Luật sư", "Cô", "Nhà báo"]),
    "my": (["U", "Ko", "Saya", "Maung"], ["Daw", "Ma", "Sayama"]),
    "th": (["Nai", "Khun", "Dr"], ["Nang Sao", "Khun", "Mrs"]),
    "th-Thai": (["นาย", "คุณ", "ดร."], ["นางสาว", "คุณ", "นาง"]),
    "hi": (["Shri", "Advocate", "Pandit", "Sardar"], ["Smt.", "Advocate", "Kumari"]),
    "hi-Deva": (["श्री", "डॉ.", "अधिवक्ता"], ["श्रीमती", "डॉ.", "सुश्री"]),
    "ta": (["Thiru", "Fr.", "Dr"], ["Thirumathi", "Selvi", "Dr"]),
    "et": (["Ato", "Abba", "Dr", "Lij"], ["Woizero", "Emahoy", "Dr"]),
    "hu": (["dr.", "ifj.", "Prof."], ["dr.", "özv.", "Prof."]),
    "pl": (["pan", "mec.", "dr hab.", "ks."], ["pani", "mec.", "dr hab."]),
    "el-Grek": (["κ.", "ο δικηγόρος"], ["κα", "η δικηγόρος"]),
    "he": (["Rabbi", "Adv.", "Dr"], ["Rabbanit", "Adv.", "Dr"]),
    "he-Hebr": (["הרב", "עו״ד", "ד״ר"], ["הגברת", "עו״ד", "ד״ר"]),
    "af": (["Chief", "Dr", "Mzee", "Alhaji"], ["Dr", "Mama", "Madame"]),
}
TITLES_AFTER = {
    "en": ([", MP", ", PhD", " Jr", ", Esq.", ", SC"], [", MP", ", PhD", " OBE", ", KC"]),
    "tr": ([" Bey"], [" Hanım"]),
    "ja": (["-san", "-shi", "-sensei"], ["-san", "-sensei"]),
    "ja-Jpan": (["さん", "氏", "被告", "様"], ["さん", "氏", "先生"]),
    "ko": (["-ssi", "-nim"], ["-ssi", "-nim"]),
    "ko-Hang": ([" 씨", "님", " 변호사"], [" 씨", "님", " 기자"]),
    "zh-Hani": (["先生", "律师", "教授"], ["女士", "律师", "老师"]),
    "bo": (["-la", " Rinpoche"], ["-la"]),
    "bo-Tibt": (["་ལགས", "་རིན་པོ་ཆེ"], ["་ལགས"]),
    "ug-Arab": ([" ئەپەندى"], [" خانىم"]),
    "hi": ([" ji", " Sahib"], [" ji", " Devi"]),
    "hi-Deva": ([" जी"], [" जी"]),
}
OTHER_TITLES_BEFORE = (["Mr", "Dr", "Prof.", "Judge"], ["Ms", "Dr", "Prof.", "Judge"])
OTHER_TITLES_AFTER = ([", PhD", ", MD", " (ret.)"], [", PhD", ", MD", ", LL.M."])

NICKNAMES = {
    "Latn": ["Rusty", "Bibi", "Doc", "Coco", "Tiger", "Abu Shams", "Pipo", "Zuzu", "Red"],
    "Cyrl": ["Лис", "Сокол", "Мишка"],
    "Grek": ["Σπίθα", "Μπούλης"],
    "Arab": ["أبو شمس", "الصقر"],
    "Hebr": ["ציפי", "ג׳ינג׳י"],
    "Deva": ["मुन्ना", "पप्पू"],
    "Thai": ["นก", "หมู"],
    "Tibt": ["བུ་ཆུང", "ནོར་བུ"],
    "Hani": ["阿河", "老六"],
    "Jpan": ["タロ", "くま"],
    "Hang": ["곰돌이", "바람"],
}
QUOTES = [("“", "”"), ('"', '"'), ("‘", "’"), ("«", "»"), ("„", "“"), ("'", "'")]

# Plain letters where decomposition is not used or does not give a plain letter.
PLAIN = str.maketrans(
    {"ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D", "ß": "ss", "ı": "i", "æ": "ae"}
    | {"þ": "th", "Þ": "Th", "ð": "d", "ə": "e", "ё": "е", "Ё": "Е", "أ": "ا", "إ": "ا", "آ": "ا"}
)
UMLAUTS = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "å": "aa", "Å": "Aa", "ø": "oe", "æ": "ae"}
    | {"Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "þ": "th", "Þ": "Th", "ð": "d"}
)
CYRILLIC = dict(zip("aceopxyijsABCEHIJKMOPSTXY", "асеорхуіјѕАВСЕНІЈКМОРЅТХУ", strict=True))
GREEK = dict(zip("oνviABEHIKMNOPTXYZ", "οννιΑΒΕΗΙΚΜΝΟΡΤΧΥΖ", strict=True))
LATIN_FOR_CYRILLIC = {cyrillic: latin for latin, cyrillic in CYRILLIC.items()}
LATIN_FOR_GREEK = {greek: latin for latin, greek in GREEK.items() if latin != "ν"} | {"ν": "v"}

HYPHENS = "-\u05be"
APOSTROPHES = "'\u02bb"
ZERO_WIDTH = ["\u200b", "\u200c", "\u2060", "\u200d", "\ufeff"]
DIRECTION = [
    lambda parts, space: ("\u200f" + space).join(parts) + "\u200e",
    lambda parts, space: "\u202b" + space.join(parts) + "\u202c",
    lambda parts, space: "\u2068" + space.join(parts) + "\u2069",
    lambda parts, space: parts[0] + space + "\u200e" + space.join(parts[1:]),
    lambda parts, space: space.join(inside_longest(parts, "\u061c")),
]
ODD_SPACES = ["\u00a0", "\u202f", "  ", "\u2009", "\t ", "\u3000"]
SYLLABLES = {
    "Minghe": ("Ming", "he"),
    "Weiqiao": ("Wei", "qiao"),
    "Renfei": ("Ren", "fei"),
    "Yanqiu": ("Yan", "qiu"),
    "Shaotang": ("Shao", "tang"),
    "Baolan": ("Bao", "lan"),
    "Xuening": ("Xue", "ning"),
    "Zhiyao": ("Zhi", "yao"),
    "Er'an": ("Er", "an"),
    "Guolei": ("Guo", "lei"),
}
IN_HAN_TEXT = [
    "据悉，{name}已被警方带走。",
    "法院称{name}不服判决并提出上诉。",
    "人权组织要求释放{name}及其家人。",
    "関係者によると{name}は昨年から拘束されている。",
    "三月四日，{name}被转移到另一所监狱。",
]


@dataclass
class Person:
    tradition: str
    given: list[str]
    family: list[str]
    woman: bool
    place: int
    traditional: str = ""
    middle_names: dict[int, str] = field(default_factory=dict)

    @property
    def script(self) -> str:
        return self.tradition.partition("-")[2] or "Latn"

    @property
    def space(self) -> str:
        if self.tradition in JOINED:
            return ""
        return TSHEG if self.script == "Tibt" else " "

    @property
    def family_first(self) -> bool:
        return self.tradition in FAMILY_FIRST

    @property
    def parts(self) -> list[str]:
        return self.family + self.given if self.family_first else self.given + self.family

    @property
    def record(self) -> str:
        return self.space.join(self.parts)

    @property
    def first(self) -> str:
        return self.space.join(self.given)

    @property
    def last(self) -> str:
        return self.space.join(self.family)

    def named(self, given: list[str] | str, family: list[str] | str | None = None) -> str:
        """Return the name with other parts, in the order of its tradition."""
        given = given if isinstance(given, str) else self.space.join(given)
        family = self.last if family is None else family
        family = family if isinstance(family, str) else self.space.join(family)
        pair = (family, given) if self.family_first else (given, family)
        return self.space.join(part for part in pair if part)

    def pick(self, options: list, shift: int = 0):
        return options[(self.place + shift) % len(options)]


@dataclass
class Form:
    code: str
    surface: str
    frame: str = ""  # a special group of sentences: "directory", "row", …
    sentence: str = ""  # or one special sentence


def read_groups(path: Path) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if re.fullmatch(r"\[.+\]", line):
            lines = groups.setdefault(line[1:-1], [])
        elif line and not line.startswith("#"):
            lines.append(line)
    return groups


def read_people() -> list[Person]:
    people: list[Person] = []
    for tradition, lines in read_groups(HERE / "people.txt").items():
        for line in lines:
            woman = line.endswith("*")
            line, _, traditional = line.rstrip(" *").partition(" = ")
            left, right = ([*half.split()] for half in line.split(" | "))
            family, given = (left, right) if tradition in FAMILY_FIRST else (right, left)
            middle = {}
            for index, part in enumerate(given):
                given[index], _, full = part.partition("=")
                if full:
                    middle[index] = full
            person = Person(tradition, given, family, woman, len(people), middle_names=middle)
            person.traditional = "".join(traditional.split()).replace("|", "")
            people.append(person)
    return people


# Helpers for letters


def upper(person: Person, text: str) -> str:
    if person.script == "Grek":
        text = without_accents(text)  # Greek capitals have no accents
    return (text.replace("i", "İ") if person.tradition == "tr" else text).upper()


def lower(person: Person, text: str) -> str:
    if person.tradition == "tr":
        text = text.replace("İ", "i").replace("I", "ı")
    return text.lower()


def without_accents(text: str) -> str:
    plain = unicodedata.normalize("NFD", text.translate(PLAIN))
    if re.search("[\u0400-\u04ff]", plain):
        return unicodedata.normalize("NFC", plain)  # nobody writes и for й
    return "".join(char for char in plain if unicodedata.category(char) != "Mn")


def middle_of(word: str) -> int:
    """Return a position inside a word that is before a letter, not before a combining mark."""
    for index in range(len(word) // 2, len(word)):
        if unicodedata.category(word[index])[0] == "L" and index:
            return index
    return 1


def inside_longest(parts: list[str], char: str) -> list[str]:
    at = max(range(len(parts)), key=lambda index: len(parts[index]))
    cut = middle_of(parts[at])
    return [*parts[:at], parts[at][:cut] + char + parts[at][cut:], *parts[at + 1 :]]


def initial_of(part: str) -> str:
    return part[0].upper() + "."


def other_letter(letter: str) -> str:
    letters = "КМ" if letter > "\u0400" else "KM"
    return letters[letter.upper() == letters[0]]


def replace_some(text: str, table: dict[str, str], every: bool) -> str:
    """Replace all letters that are in the table, or only the first two of them."""
    left = len(text) if every else 2
    out = ""
    for char in text:
        if char in table and left:
            out, left = out + table[char], left - 1
        else:
            out += char
    return out


def full_width(text: str) -> str:
    wide = (chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in text)
    return "".join(wide).replace(" ", "\u3000")


def russian_genitive(person: Person) -> str:
    endings = (
        [("ая", "ой"), ("ова", "овой"), ("ева", "евой"), ("ина", "иной"), ("а", "ы"), ("я", "и")]
        if person.woman
        else [("ий", "ия"), ("ей", "ея"), ("й", "я"), ("", "а")]
    )

    def turn(word: str, is_family: bool) -> str:
        if is_family and not person.woman and word.endswith("ий"):
            return word[:-2] + "ого"
        for old, new in endings:
            if old in {"ова", "ева", "ина"} and not is_family:
                continue
            if word.endswith(old):
                return word[: len(word) - len(old)] + new
        return word

    family = ["-".join(turn(half, True) for half in part.split("-")) for part in person.family]
    return person.named([turn(part, False) for part in person.given], family)


# The forms: one generator per topic


def plain_forms(p: Person) -> Iterator[Form]:
    yield Form("exact", p.record)
    if p.script in {"Latn", "Cyrl", "Grek"}:
        yield Form("upper_case", upper(p, p.record))
        yield Form("lower_case", lower(p, p.record))
    writes_without = p.script in {"Latn", "Cyrl", "Grek"} or p.tradition in {"ar-Arab", "fa-Arab"}
    if writes_without and (plain := without_accents(p.record)) != p.record:
        yield Form("no_accents", plain)
    if p.tradition == "de" and (long := p.record.translate(UMLAUTS)) != p.record:
        yield Form("umlaut_written_out", long)
    if (decomposed := unicodedata.normalize("NFD", p.record)) != p.record:
        yield Form("decomposed", decomposed)
    if p.traditional and p.traditional != p.record:
        yield Form("traditional_han", p.traditional)


def order_forms(p: Person) -> Iterator[Form]:
    comma = {"Hani": "，", "Jpan": "、", "Arab": "، "}.get(p.script, ", ")
    yield Form("directory_comma", p.last + comma + p.first, "directory")
    if p.script in {"Latn", "Cyrl", "Grek"}:
        between = p.pick([" ", ", "])
        yield Form("directory_caps", upper(p, p.last) + between + p.first, "directory")
    if p.space:
        swapped = [p.first, p.last] if p.family_first else [p.last, p.first]
        yield Form("order_swapped", p.space.join(swapped))
    rows = [[p.last, p.first], [p.first, p.last], [p.last, "", p.first], [p.last, p.first]]
    yield Form("table_cells", p.pick(["\t", " | ", "\t", "\n"]).join(p.pick(rows)), "row")


def initial_forms(p: Person) -> Iterator[Form]:
    given, middle = p.given, p.given[1:]
    has_initials = any(part.endswith(".") for part in given)
    if has_initials:
        yield Form("initial_without_stop", p.named([part.rstrip(".") for part in given]))
    if middle and middle[-1].endswith("."):
        yield Form("initial_left_out", p.named(given[:1]))
        yield Form("contradicting_initial", p.named([given[0], other_letter(middle[-1][0]) + "."]))
    if p.middle_names:
        written = [p.middle_names.get(index, part) for index, part in enumerate(given)]
        yield Form("middle_name_written_out", p.named(written))
    western = {"en", "es", "fr", "pt", "ru", "uk", "pl", "de", "af", "ru-Cyrl", "uk-Cyrl", "hi"}
    if middle and not has_initials:
        if p.tradition in western:
            short = [initial_of(part) for part in middle]
            yield Form("middle_name_shortened", p.named([given[0], *short]))
            letter = other_letter(middle[0][0]) + "."
            yield Form("contradicting_initial", p.named([given[0], letter]))
        if p.tradition in western | {"ar", "ar-Arab", "tr", "vi"} and not p.family_first:
            yield Form("middle_name_left_out", p.named(given[:1]))
        elif p.tradition == "vi":
            yield Form("middle_name_left_out", p.space.join([p.family[0], given[-1]]))
    if not middle and p.tradition in {"en", "ga", "de", "pl", "af", "xx", "el", "he"}:
        added = p.pick(["B.", "D", "F.", "W."])
        yield Form("initial_added", p.named([*given, added]))
    if p.script in {"Latn", "Cyrl", "Grek", "Hebr"} or p.tradition in {
        "ar-Arab",
        "fa-Arab",
    }:
        letters = [initial_of(part) for part in given if len(part) > 2 or part.endswith(".")]
        if all(len(part) > 2 for part in given):  # a shorter part may already be an initial
            styles = [
                " ".join(letters) + " " + p.last,
                "".join(letters) + " " + p.last,
                p.last + " " + "".join(letters),
                p.last + ", " + " ".join(letters),
            ]
            yield Form("surname_with_initials", p.pick(styles))
        elif has_initials and len(given[0]) > 2:
            letters = [initial_of(part) for part in given]
            styles = [" ".join(letters) + " " + p.last, p.last + " " + "".join(letters)]
            yield Form("surname_with_initials", p.pick(styles))


def title_forms(p: Person) -> Iterator[Form]:
    before = p.pick(TITLES_BEFORE.get(p.tradition, OTHER_TITLES_BEFORE)[p.woman])
    glue = "" if p.script in {"Hani", "Jpan", "Thai", "Tibt"} else " "
    yield Form("title_before", before + glue + p.record)
    if p.tradition not in JOINED:
        comma = "، " if p.script == "Arab" else ", "
        inside = p.last + comma + before.rstrip(",") + glue + p.first
        yield Form("title_inside_directory", inside, "directory")
    if p.script == "Latn" or p.tradition in TITLES_AFTER:
        after = p.pick(TITLES_AFTER.get(p.tradition, OTHER_TITLES_AFTER)[p.woman])
        yield Form("title_after", p.record + after)


def nickname_forms(p: Person) -> Iterator[Form]:
    nickname = p.pick(NICKNAMES[p.script])
    space = "" if p.tradition in JOINED else " "
    halves = [p.last, p.first] if p.family_first else [p.first, p.last]
    left, right = p.pick(QUOTES)
    yield Form("nickname_quotes", f"{halves[0]}{space}{left}{nickname}{right}{space}{halves[1]}")
    left, right = p.pick([("(", ")"), ("[", "]")] if space else [("（", "）"), ("(", ")")])
    yield Form("nickname_brackets", f"{halves[0]}{space}{left}{nickname}{right}{space}{halves[1]}")


def mark_forms(p: Person) -> Iterator[Form]:
    if re.search(f"[{HYPHENS}]", p.record):
        yield Form("hyphen_as_space", re.sub(f"[{HYPHENS}]", " ", p.record))
        case = p.pick([str.lower, str])
        glued = re.sub(f"[{HYPHENS}](.)", lambda match: case(match[1]), p.record)
        yield Form("hyphen_as_nothing", glued)
        other = p.pick(["\u2011", "\u2010", "\u2013", "\u2212", "\u00ad-"])
        yield Form("nonbreaking_hyphen", re.sub(f"[{HYPHENS}]", other, p.record))
    if re.search(f"[{APOSTROPHES}]", p.record):
        curly = p.pick(["\u2019", "\u2019", "\u02bc", "\u00b4", "`", "\u2018"])
        yield Form("curly_apostrophe", re.sub(f"[{APOSTROPHES}]", curly, p.record))
        yield Form("no_apostrophe", re.sub(f"[{APOSTROPHES}]", "", p.record))
        apart = re.sub(f"[{APOSTROPHES}]", " ", p.record)
        yield Form("apostrophe_as_space", " ".join(apart.split()))
    if "\u200c" in p.record:
        yield Form("joiner_left_out", p.record.replace("\u200c", "" if p.place % 4 else " "))
    dot = p.pick(["\u00b7", "\u2022", "\u30fb", " \u00b7 ", "\u2027"])
    yield Form("middle_dot", dot.join(part.rstrip(".") for part in p.parts))
    left, right = ("「", "」") if p.script in {"Hani", "Jpan"} else p.pick(QUOTES)
    yield Form("inside_quotes", left + p.record + right)
    touching = ["({})", "—{}—", "/{}/", "[{}]", "…{}…", "*{}*", "_{}_", "{};"]
    yield Form("punctuation_touching", p.pick(touching).format(p.record))


def invisible_forms(p: Person) -> Iterator[Form]:
    parts = p.parts if p.space else [p.record]
    yield Form("soft_hyphen", p.space.join(inside_longest(parts, "\u00ad")))
    yield Form("zero_width", p.space.join(inside_longest(parts, p.pick(ZERO_WIDTH))))
    yield Form("rtl_mark", p.pick(DIRECTION)(p.parts, p.space))
    # Tibetan: the mark between syllables, followed by a space or in its non-breaking form.
    odd = p.pick(["\u0f0b ", "\u0f0c"] if p.script == "Tibt" else ODD_SPACES)
    yield Form("odd_space", odd.join(p.parts))


def letter_forms(p: Person) -> Iterator[Form]:
    if p.script == "Latn":
        if without_accents(p.record) == p.record and p.record.isascii():
            yield Form("full_width", full_width(p.record))
        every = bool(p.place % 2)
        yield Form("lookalike_cyrillic", replace_some(p.record, CYRILLIC, every))
        if (greek := replace_some(p.record, GREEK, every)) != p.record:
            yield Form("lookalike_greek", greek)
    if p.script in {"Cyrl", "Grek"}:
        table = LATIN_FOR_CYRILLIC if p.script == "Cyrl" else LATIN_FOR_GREEK
        if (latin := replace_some(p.record, table, bool(p.place % 2))) != p.record:
            yield Form("lookalike_latin", latin)
    if p.script in {"Latn", "Cyrl", "Grek", "Hani", "Hang", "Jpan"}:
        chars = p.record if p.script != "Latn" else unicodedata.normalize("NFC", p.record)
        wide = "   " if p.space else " "
        words = chars.split(" ") if p.space else [chars]
        yield Form("letter_spaced", wide.join(" ".join(word) for word in words))


def break_forms(p: Person) -> Iterator[Form]:
    halves = [p.last, p.first] if p.family_first else [p.first, p.last]
    joint = p.space.strip()  # the mark between Tibetan syllables stays at the end of the line
    line_end = joint + p.pick(["\n", "\r\n", " \n"])
    yield Form("broken_over_line", line_end.join(halves))
    lines = p.pick(["\n\n", "\n    ", "\n\n\t", " \n \n"])
    yield Form("broken_by_break", lines.join(halves))
    if p.space:
        yield Form("broken_by_tag", "".join(halves))
    if p.script in {"Latn", "Cyrl", "Grek"}:
        word = max(p.parts, key=len)
        cut = middle_of(word)
        broken = word.replace("-", "-\n", 1) if "-" in word else f"{word[:cut]}-\n{word[cut:]}"
        if "-" in word or len(word) > 6:  # nobody hyphenates a shorter word
            yield Form("hyphenated_over_line", p.record.replace(word, broken))


def grammar_forms(p: Person) -> Iterator[Form]:
    if p.script == "Latn":
        end = "" if p.pick([0, 0, 1]) and p.record.endswith("s") else "s"
        surface = p.record + p.pick(["'", "’"]) + end
        yield Form("possessive", surface, sentence=p.pick(POSSESSIVE))
    elif p.script in {"Hani", "Jpan", "Hang"}:
        suffix = {"Hani": "的", "Jpan": "の", "Hang": "의"}[p.script]
        sentence = {"Hani": "{name}家人至今没有收到通知。", "Jpan": "{name}家族は沈黙している。"}
        yield Form(
            "possessive",
            p.record + suffix,
            sentence=sentence.get(p.script, "{name} 가족은 침묵하고 있다."),
        )
    if p.tradition == "tr":
        vowel = re.findall("[aıoueiöü]", p.last)[-1]
        harmony = {"a": "ı", "ı": "ı", "o": "u", "u": "u", "e": "i", "i": "i", "ö": "ü", "ü": "ü"}
        suffix = ("'n" if p.last.endswith(vowel) else "'") + harmony[vowel] + "n"
        yield Form("case_suffix", p.record + suffix, sentence="Mahkeme {name} dosyasını kapattı.")
    elif p.tradition == "hu":
        vowels = re.findall("[aáeéiíoóöőuúüű]", p.parts[-1].lower())
        suffix = "nak" if vowels[-1] in "aáoóuú" else "nek"
        stem = re.sub("a$", "á", p.record)  # a final a becomes á before the ending
        yield Form("case_suffix", stem + suffix, sentence="Levelet írtak {name} a börtönbe.")
    elif p.tradition == "ko-Hang":
        has_final = (ord(p.record[-1]) - 0xAC00) % 28 > 0
        surface = p.record + p.pick([["가", "는", "를"], ["이", "은", "을"]][has_final])
        yield Form("case_suffix", surface, sentence="어제 {name} 법정에 나왔다는 소식이 전해졌다.")
    elif p.tradition == "ja-Jpan":
        surface = p.record + p.pick(["が", "は", "も"])
        yield Form("case_suffix", surface, sentence="昨日、{name}法廷に姿を見せた。")
    elif p.tradition == "ru-Cyrl":
        yield Form("case_suffix", russian_genitive(p), "genitive")
    if p.tradition == "ar-Arab":
        prefix, sentence = p.pick(ARABIC_PREFIXES)
        yield Form("arabic_prefix", prefix + p.record, sentence=sentence)
    if p.tradition == "he-Hebr":
        prefix, sentence = p.pick(HEBREW_PREFIXES)
        yield Form("hebrew_prefix", prefix + p.record, sentence=sentence)


ARABIC_PREFIXES = [
    ("و", "زار المحامي أمس أحمد {name} في السجن."),
    ("ل", "سمحت الإدارة أخيرا {name} بالزيارة."),
    ("ب", "التقى المحامي {name} في السجن."),
    ("ول", "كتبنا للوزير {name} يوم الثلاثاء."),
    ("ك", "لم تعرف المدينة شجاعة {name} من قبل."),
]
HEBREW_PREFIXES = [
    ("ו", "המשטרה עצרה את דוד {name} בלילה."),
    ("ל", "המשפחה שלחה מכתב {name} בחודש מרץ."),
    ("מ", "לא הגיע מכתב {name} מאז מרץ."),
    ("ש", "נמסר {name} בכלא אחר."),
]
POSSESSIVE = [
    "Nobody answered {name} letters to the ministry.",
    "Police searched {name} flat in the early morning.",
    "On the third day {name} lawyer withdrew from the case.",
    "The court refused {name} appeal without a hearing.",
    "We spoke to {name} mother by telephone.",
]


def tradition_forms(p: Person) -> Iterator[Form]:
    if p.tradition == "ar":
        changes: list[tuple[str, str]] = []
        if re.search("abd", p.record, re.IGNORECASE):
            new = p.pick(["Abdul ", "Abdul", "Abdel "])
            changes.append((r"\bAbd(?:el-| al-)", new))
        article = p.pick(["Al ", "El-", "Al", "al ", "el-"])
        changes.append((r"\b(?:[Aa]l|el|ash|as)-(?=[A-Z])", article))
        changes += [(r"\b(bin|ibn)\b", "ben"), (r"\bbint\b", "Bint")]
        spelled = p.record
        for old, new in changes:
            spelled = re.sub(old, new, spelled)
        if spelled != p.record:
            yield Form("arabic_spelling", spelled)
    if p.tradition in {"ar-Arab", "fa-Arab", "ug-Arab"}:
        kashida = re.sub(
            "(?<=[بتثجحخسشصضطظعغفقكلمنهيکگچپ])(?=[\u0620-\u064a])", "ـ", p.record, count=2
        )
        marked = re.sub("(?<=[بتجحخسشصعقكلمن])(?=[\u0620-\u064a])", "\u064e", p.record, count=3)
        yield Form("arabic_marks", kashida if p.place % 2 else marked)
    if p.tradition in {"es", "pt"} and len(p.family) == 2:
        yield Form("second_surname_left_out", p.named(p.given, p.family[:1]))
        link = " y " if p.tradition == "es" else " e "
        yield Form("surname_link", p.named(p.given, link.join(p.family)))
    if p.tradition == "zh" and p.first in SYLLABLES:
        one, two = SYLLABLES[p.first]
        spelled = p.pick([f"{one}-{two}", f"{one} {two.title()}", f"{one}{two.title()}"])
        yield Form("syllables_split", p.named(spelled))
    if p.tradition == "ko" and "-" in p.first:
        one, two = p.first.split("-")
        yield Form("syllables_split", p.named(p.pick([f"{one} {two.title()}", one + two])))
    if p.script != "Hani":
        yield Form("run_in_han_text", p.record, sentence=p.pick(IN_HAN_TEXT))
    else:
        yield Form("run_in_han_text", p.record, sentence="当局随后又将{name}等人转移至外地关押。")
    if p.space:
        tag = "".join(part[0].upper() + part[1:] for part in p.parts)
        tag = re.sub(r"[^\w\u0300-\u036f\u0900-\u0dff\u0e00-\u0fff]", "", tag)
        yield Form("hashtag", "#" + tag, "hashtag")
    else:
        yield Form("hashtag", f"#{p.record}#" if p.script == "Hani" else f"#{p.record}", "hashtag")
    if p.script == "Latn":
        words = re.sub(r"[^a-z]+", " ", without_accents(p.record).replace("'", "").lower()).split()
        yield Form("slug", p.pick(["-", "_", "-", "+", "%20"]).join(words), "slug")


TOPICS: list[Callable[[Person], Iterator[Form]]] = [
    plain_forms,
    order_forms,
    initial_forms,
    title_forms,
    nickname_forms,
    mark_forms,
    invisible_forms,
    letter_forms,
    break_forms,
    grammar_forms,
    tradition_forms,
]


def forms_of(person: Person) -> list[Form]:
    forms: dict[str, Form] = {}
    for topic in TOPICS:
        for form in topic(person):
            unchanged = form.surface == person.record and not form.sentence
            if form.code == "exact" or not unchanged:
                forms.setdefault(form.code, form)
    return list(forms.values())


def choose(people: list[Person]) -> Iterator[tuple[Person, list[Form]]]:
    """Yield each person with twenty forms: the exact one, then the least used ones so far.

    Forms that fit few people are preferred, so that rare forms are included.
    """
    possible = {person.place: forms_of(person) for person in people}
    fits = Counter(form.code for forms in possible.values() for form in forms)
    used: Counter[str] = Counter()
    for person in people:
        forms = possible[person.place]
        if len(forms) < FORMS_PER_PERSON:
            raise ValueError(f"{person.record}: only {len(forms)} forms")
        ranked = sorted(
            forms, key=lambda form: (form.code != "exact", used[form.code] + fits[form.code] / 4)
        )
        chosen = ranked[:FORMS_PER_PERSON]
        used.update(form.code for form in chosen)
        yield person, [form for form in forms if form in chosen]


class Sentences:
    def __init__(self) -> None:
        self.groups = read_groups(HERE / "sentences.txt")
        self.turns = {name: count() for name in self.groups}

    def next_of(self, group: str) -> str:
        lines = self.groups[group]
        return lines[next(self.turns[group]) % len(lines)]

    def around(self, person: Person, form: Form, number: int) -> str:
        language = LANGUAGE.get(person.tradition, "en")
        if form.sentence:
            sentence = form.sentence
        elif form.frame == "genitive":
            sentence = self.next_of(f"{language} {form.frame}")
        elif form.frame:
            sentence = self.next_of(f"en {form.frame}")
        else:
            # Every second form in Latin letters has an English sentence, in all traditions.
            foreign = language != "en" and (person.script != "Latn" or number % 2)
            sentence = self.next_of(language if foreign else "en")
        if "{place}" in sentence:
            sentence = sentence.replace("{place}", self.next_of("places"))
        if "{day}" in sentence:
            sentence = sentence.replace("{day}", self.next_of("days"))
        if form.surface.endswith("."):
            sentence = sentence.replace("{name}.", "{name}")  # one full stop is enough
        return sentence.replace("{name}", form.surface)


def visible(text: str) -> str:
    r"""Return JSON with invisible characters as \uXXXX, so that a reader of the file sees them."""

    def escape(match: re.Match[str]) -> str:
        char = match[0]
        odd = unicodedata.category(char) in {"Cf", "Zs", "Mn"} and char != " "
        belongs = unicodedata.category(char) == "Mn" and not "\u0300" <= char <= "\u036f"
        return f"\\u{ord(char):04x}" if odd and not belongs else char

    return re.sub(r"[^\x00-\x7f]", escape, text)


def main() -> None:
    people = read_people()
    sentences = Sentences()
    lines = []
    for person, forms in choose(people):
        for number, form in enumerate(forms, person.place):
            row = {
                "record": person.record,
                "form": form.code,
                "text": sentences.around(person, form, number),
                "surface": form.surface,
            }
            lines.append(visible(json.dumps(row, ensure_ascii=False)))
    (HERE / "forms.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
