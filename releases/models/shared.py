"""Rows that many releases print: topics and press contacts."""

import uuid
from typing import Any, Self

from django.db import models, transaction
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from people.locking import lock_slug_choice
from people.slugs import slug_for
from storing.rows import Guarded, GuardedQuerySet


class Topic(Guarded):
    """A subject that journalists follow."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    slug = models.CharField(
        _("web address"),
        max_length=90,
        unique=True,
        blank=True,
        help_text=_("Leave blank to use the name."),
    )

    history = HistoricalRecords()

    class Meta:
        verbose_name = _("topic")
        verbose_name_plural = _("topics")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save the topic, with a slug made from the name if none was typed."""
        with transaction.atomic():
            lock_slug_choice("topic")
            if not self.slug:
                short = uuid.uuid4().hex[:8]
                self.slug = slug_for(self.name, fallback=short)
                if Topic.objects.filter(slug=self.slug).exists():
                    self.slug += f"-{short}"  # such as “Women’s rights” and “Womens rights”
            super().save(*args, **kwargs)


class ContactQuerySet(GuardedQuerySet["Contact"]):
    def shown(self) -> Self:
        """Return the contacts that releases print: those that are not hidden."""
        return self.filter(hidden_at=None)


class Contact(Guarded):
    """A press contact as printed below a release. Never use a private number."""

    name = models.CharField(_("name"), max_length=120)
    email = models.EmailField(_("e-mail address"), blank=True)
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    hours = models.CharField(
        _("hours"), max_length=120, blank=True, help_text=_("When to call, with the time zone.")
    )
    hidden_at = models.DateTimeField(
        _("hidden at"), null=True, editable=False, help_text=_("When it was hidden.")
    )

    objects = ContactQuerySet.as_manager()  # type: ignore[misc]
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("press contact")
        verbose_name_plural = _("press contacts")
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name

    def is_shown(self) -> bool:
        """Return whether the contact is in `Contact.objects.shown`."""
        return self.hidden_at is None
