"""Rows that are derived from the text of a release when it is saved, and its former addresses.

`releases.models.release` imports this module, so `release` is typed as `Any` here.
"""

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from assets.models import MediaAsset
from people.models import Person
from releases.document import Document


class FormerSlug(models.Model):
    """A slug that a release had after its approval. Its URL redirects to the current one."""

    slug = models.CharField(max_length=120, unique=True)
    release = models.ForeignKey("releases.Release", models.CASCADE, related_name="former_slugs")

    def __str__(self) -> str:
        return self.slug


class Quote(models.Model):
    """A quotation as a release prints it. It is derived from the document and never edited."""

    release = models.ForeignKey("releases.Release", models.CASCADE, related_name="quotes")
    speaker = models.ForeignKey(Person, models.PROTECT, related_name="quotes")
    position = models.PositiveIntegerField()
    text = models.TextField()
    attribution_name = models.CharField(max_length=200)
    attribution_title = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name = _("quotation")
        verbose_name_plural = _("quotations")
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["release", "position"], name="quote_has_its_place"),
            models.CheckConstraint(
                condition=~Q(attribution_name="") & ~Q(text=""),
                name="quote_has_words_and_a_speaker",
            ),
        ]

    def __str__(self) -> str:
        # Django's admin shows it to all users, so it contains no name.
        return gettext("Quotation %(number)s") % {"number": self.position}

    @property
    def paragraphs(self) -> list[str]:
        return self.text.split("\n\n")


class Mention(models.Model):
    """A person that the text of a release quotes or marks by name. It is derived from the text."""

    release = models.ForeignKey("releases.Release", models.CASCADE, related_name="mentions")
    person = models.ForeignKey(Person, models.PROTECT, related_name="mentions")
    surface = models.CharField(
        max_length=200, help_text=_("The name as first written in the text.")
    )

    class Meta:
        verbose_name = _("mention")
        verbose_name_plural = _("mentions")
        constraints = [
            models.UniqueConstraint(fields=["release", "person"], name="mention_once_a_release"),
        ]

    def __str__(self) -> str:
        # Django's admin shows it to all users, so it contains no name.
        return gettext("Mention %(number)s") % {"number": self.pk}


class Illustration(models.Model):
    """A picture in the text, or an attached picture or document. Derived from the release."""

    release = models.ForeignKey("releases.Release", models.CASCADE, related_name="illustrations")
    asset = models.ForeignKey(MediaAsset, models.PROTECT, related_name="illustrations")
    position = models.PositiveIntegerField()
    in_text = models.BooleanField(default=True, db_default=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["release", "position"], name="illustration_has_its_place"
            ),
        ]

    def __str__(self) -> str:
        return str(self.asset_id)


def store_derived_rows(release: Any, approved: Document | None) -> None:
    """Replace the Quote, Mention and Illustration rows of a release that is being saved.

    Before approval, a speaker gets the current name and the title on the release's day. After
    approval, both stay as they were printed, even if the person's record changes.
    """
    document = release.document
    printed = list(release.quotes.all()) if approved else []
    names = {quote.speaker_id: quote.attribution_name for quote in printed}
    # A title that was typed for one quotation does not apply to the speaker's other quotations.
    typed = {quote.position for quote in approved.quotations if quote.title} if approved else ()
    titles = {
        quote.speaker_id: quote.attribution_title
        for quote in printed
        if quote.position not in typed
    }
    speakers = Person.objects.prefetch_related("roles").in_bulk(
        [quote.speaker for quote in document.quotations if quote.speaker]
    )
    quotes = []
    for quotation in document.quotations:
        if quotation.speaker is None:
            continue
        speaker = speakers[quotation.speaker]
        title = quotation.title or titles.get(speaker.pk)
        quotes.append(
            Quote(
                release=release,
                speaker=speaker,
                position=quotation.position,
                text=quotation.text,
                attribution_name=names.get(speaker.pk, speaker.display_name),
                attribution_title=speaker.title_on(release.day) if title is None else title,
            )
        )
    release.quotes.all().delete()
    release.mentions.all().delete()
    release.illustrations.all().delete()
    Quote.objects.bulk_create(quotes)
    named = {quote.speaker_id: quote.attribution_name for quote in quotes}
    for person, surface in document.mentions:
        named.setdefault(person, surface[:200])
    Mention.objects.bulk_create(
        Mention(release=release, person_id=person, surface=surface)
        for person, surface in named.items()
    )
    shown = [(asset, True) for asset in document.pictures]
    shown += [(asset, False) for asset in release.attached_ids]
    Illustration.objects.bulk_create(
        Illustration(release=release, asset_id=asset, position=position, in_text=in_text)
        for position, (asset, in_text) in enumerate(shown, start=1)
    )
