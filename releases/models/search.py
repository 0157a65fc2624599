"""The index of the search: what each row says, as tokens, and the words of all texts."""

from collections.abc import Sequence
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from assets.models import MediaAsset
from people.models import Case, Person
from releases.models.release import Release
from releases.models.shared import Topic

# Stands between paragraphs, so that no phrase is found across them. No text contains it, because it
# is not a letter.
GAP = "\ue001"


class TokensField(models.Field):
    """The tokens of a text in their order. Only the database reads it.

    On PostgreSQL it is a tsvector that is written as such, without to_tsvector(). On SQLite it is a
    text, from which triggers update the FTS5 table (see migration 0019).
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["editable"] = False
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        del kwargs["editable"]
        return name, path, args, kwargs

    def db_type(self, connection: Any) -> str:
        return "tsvector" if connection.vendor == "postgresql" else "text"

    def get_placeholder(self, value: Any, compiler: Any, connection: Any) -> str:
        return "%s::tsvector" if connection.vendor == "postgresql" else "%s"

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        if value is None or isinstance(value, str):
            return value
        return _tsvector(value) if connection.vendor == "postgresql" else " ".join(value)


def _tsvector(tokens: Sequence[str]) -> str:
    """Return tokens as the text of a tsvector. They contain no quotes or backslashes."""
    positions: dict[str, list[str]] = {}
    for position, token in enumerate(tokens, start=1):
        if token != GAP:
            positions.setdefault(token, []).append(str(position))
    return " ".join(f"'{token}':{','.join(found)}" for token, found in positions.items())


class SearchEntry(models.Model):
    """What the search knows of one row: its tokens, by the place where they stand.

    It does not know whether the row is public: a search asks the row itself. An entry of a release
    also has tokens that stand for its people, topics and files (see releases.search.entries).
    """

    class Kind(models.IntegerChoices):
        """What an entry describes. The values are stored, and the indexes depend on them."""

        RELEASE = 1, _("release")
        QUOTATION = 2, _("quotation")
        ATTRIBUTION = 3, _("attribution")
        PERSON = 4, _("person")
        TOPIC = 5, _("topic")
        FILE = 6, _("file")
        # Only for the desk: every recorded name, and the texts of a case.
        RECORD = 7, _("person’s record")
        CASE = 8, _("case")

    kind = models.PositiveSmallIntegerField(choices=Kind.choices)
    key = models.CharField(max_length=80, help_text=_("Which row it is."))
    release = models.ForeignKey(Release, models.CASCADE, null=True, related_name="search_entries")
    position = models.PositiveIntegerField(null=True, help_text=_("Of a quotation."))
    person = models.ForeignKey(Person, models.CASCADE, null=True, related_name="+")
    topic = models.ForeignKey(Topic, models.CASCADE, null=True, related_name="+")
    asset = models.ForeignKey(MediaAsset, models.CASCADE, null=True, related_name="+")
    case = models.ForeignKey(Case, models.CASCADE, null=True, related_name="+")
    title = TokensField()
    quotation = TokensField()
    standfirst = TokensField()
    everything = TokensField(help_text=_("The tokens of all places."))
    digest = models.CharField(
        max_length=32,
        help_text=_("Of its texts and references: while they stay, so do the tokens."),
    )
    tokeniser = models.PositiveSmallIntegerField(
        db_index=True, help_text=_("The version of the tokeniser that wrote it.")
    )

    class Meta:
        verbose_name = _("search entry")
        verbose_name_plural = _("search entries")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["kind", "key"], name="searchentry_once_a_row"),
            models.CheckConstraint(
                condition=Q(kind=1, release__isnull=False)
                | Q(kind=2, release__isnull=False, position__isnull=False)
                | Q(kind__in=[3, 4, 7], person__isnull=False)
                | Q(kind=5, topic__isnull=False)
                | Q(kind=6, asset__isnull=False)
                | Q(kind=8, case__isnull=False),
                name="searchentry_has_its_row",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.key}"


class SearchWord(models.Model):
    """A word that occurs in a text or a name, for other forms of a typed word.

    Words of hidden texts are included, so a word may never be shown because it is here.
    """

    word = models.CharField(max_length=60, unique=True)
    reversed = models.CharField(
        max_length=60, db_index=True, help_text=_("Backwards, to find words by their end.")
    )
    stem = models.CharField(max_length=60, db_index=True)
    public = models.BooleanField(
        default=False, help_text=_("It occurs in a public text, which may be hidden now.")
    )

    class Meta:
        verbose_name = _("word of the search")
        verbose_name_plural = _("words of the search")
        default_permissions = ()

    def __str__(self) -> str:
        return self.word
