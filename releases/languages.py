"""The languages that a newsroom writes in: their own names, and which run from right to left."""

# BCP 47 tag: (name in English, name in itself). A newsroom adds a line here for another one.
LANGUAGES = {
    "en": ("English", "English"),
    "am": ("Amharic", "አማርኛ"),
    "ar": ("Arabic", "العربية"),
    "bo": ("Tibetan", "བོད་སྐད་"),
    "ckb": ("Central Kurdish", "کوردیی ناوەندی"),
    "cy": ("Welsh", "Cymraeg"),
    "de": ("German", "Deutsch"),
    "el": ("Greek", "Ελληνικά"),
    "es": ("Spanish", "español"),
    "fa": ("Persian", "فارسی"),
    "fr": ("French", "français"),
    "he": ("Hebrew", "עברית"),
    "hi": ("Hindi", "हिन्दी"),
    "id": ("Indonesian", "Indonesia"),
    "it": ("Italian", "italiano"),
    "ja": ("Japanese", "日本語"),
    "ko": ("Korean", "한국어"),
    "my": ("Burmese", "မြန်မာ"),
    "nl": ("Dutch", "Nederlands"),
    "pl": ("Polish", "polski"),
    "ps": ("Pashto", "پښتو"),
    "pt": ("Portuguese", "português"),
    "ru": ("Russian", "русский"),
    "sw": ("Swahili", "Kiswahili"),
    "th": ("Thai", "ไทย"),
    "tr": ("Turkish", "Türkçe"),
    "ug": ("Uyghur", "ئۇيغۇرچە"),
    "uk": ("Ukrainian", "українська"),
    "ur": ("Urdu", "اردو"),
    "vi": ("Vietnamese", "Tiếng Việt"),
    "zh-Hans": ("Chinese, simplified", "简体中文"),
    "zh-Hant": ("Chinese, traditional", "繁體中文"),
}
CHOICES = [(tag, name) for tag, (name, _) in LANGUAGES.items()]
RIGHT_TO_LEFT = frozenset({"ar", "ckb", "fa", "he", "ps", "ug", "ur"})


def direction(tag: str) -> str:
    """Return "rtl" or "ltr", as HTML's `dir` wants it."""
    return "rtl" if tag.partition("-")[0] in RIGHT_TO_LEFT else "ltr"


def native_name(tag: str) -> str:
    """Return a language's name in itself, or its tag where it is not in our list."""
    return LANGUAGES[tag][1] if tag in LANGUAGES else tag
