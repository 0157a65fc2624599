"""Rows that are derived from the text of a release when it is saved, and its former addresses.

A release imports this module, so `release` has no type of its own here.
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
    """An address that a release had while it was public; it redirects to the present one."""

    slug = models.CharField(max_length=120, unique=True)
    release = models.ForeignKey("releases.Release", models.CASCADE, related_name="former_slugs")

    def __str__(self) -> str:
        return self.slug


class Quote(models.Model):
    """A quotation as a release prints it; derived from the document, never written by hand."""

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
        # Django's own pages print it to everybody: it names nobody.
        return gettext("Quotation %(number)s") % {"number": self.position}

    @property
    def paragraphs(self) -> list[str]:
        return self.text.split("\n\n")


class Mention(models.Model):
    """A person named by a release, in a quotation or a mark in the text; derived from it."""

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
        # Django's own pages print it to everybody: it names nobody.
        return gettext("Mention %(number)s") % {"number": self.pk}


class Illustration(models.Model):
    """A picture in the text, or a picture or document attached to it; derived from the release."""

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

    A speaker's name and title are those of the release's day, until it is approved: what was
    printed then stays printed, whatever the person becomes later.
    """
    document = release.document
    printed = list(release.quotes.all()) if approved else []
    names = {quote.speaker_id: quote.attribution_name for quote in printed}
    # A title that was typed for one quotation is not the speaker's in the others.
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
