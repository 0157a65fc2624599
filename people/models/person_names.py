"""The other names of a person, and the validator for their language tags."""

from typing import Any

from django.core.validators import RegexValidator
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from people.locking import lock_names_for_change
from people.names.scripts import script_of
from storing.rows import Guarded, GuardedQuerySet

language_tag = RegexValidator(
    r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$", _("Enter a language tag such as en, ug or zh-Hans.")
)
# Labels and help texts of fields in both Person and PersonName.
SEARCHED_LABEL = _("search texts for this name")
SEARCHED_HELP = _(
    "Full names are always searched for. Only users who can set levels can switch this off."
)
EXACT_LABEL = _("match exactly")
EXACT_HELP = _("For a single name, initials or a code name. Capitals and full stops must match.")


class PersonNameQuerySet(GuardedQuerySet["PersonName"]):
    def delete(self) -> tuple[int, dict[str, int]]:
        """Delete the names while no other transaction reads who may be named."""
        with transaction.atomic():
            lock_names_for_change()
            return super().delete()


class PersonName(Guarded):
    """Another name of a person, or the name in another script or spelling."""

    class Kind(models.TextChoices):
        NATIVE = "native", _("In the person’s own script")
        TRANSLITERATION = "transliteration", _("Another spelling in Latin script")
        PREFERRED = "preferred", _("Preferred")
        BIRTH = "birth", _("At birth")
        PREVIOUS = "previous", _("Previous")
        RELIGIOUS = "religious", _("Religious")
        PSEUDONYM = "pseudonym", _("Pseudonym")
        WEAK = "weak", _("Common: shared by many people")

    person = models.ForeignKey(
        "people.Person", models.CASCADE, related_name="names", verbose_name=_("person")
    )
    text = models.CharField(_("name"), max_length=200)
    language = models.CharField(
        _("language"),
        max_length=35,
        blank=True,
        validators=[language_tag],
        help_text=_("Such as en, ug or zh-Hans."),
    )
    script = models.CharField(
        _("script"),
        max_length=4,
        blank=True,
        default="",
        db_default="",
        validators=[
            RegexValidator("^[A-Z][a-z]{3}$", _("Enter a script code such as Arab, Hani or Latn."))
        ],
        help_text=_("ISO 15924 code. Leave blank to detect it."),
    )
    kind = models.CharField(
        _("kind"), max_length=20, choices=Kind.choices, default=Kind.TRANSLITERATION
    )
    printed = models.BooleanField(
        _("printed"), default=False, help_text=_("Show it on the person’s page.")
    )
    matchable = models.BooleanField(SEARCHED_LABEL, default=True, help_text=SEARCHED_HELP)
    match_exactly = models.BooleanField(
        EXACT_LABEL, default=False, db_default=False, help_text=EXACT_HELP
    )

    objects = PersonNameQuerySet.as_manager()  # type: ignore[misc]
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("other name")
        verbose_name_plural = _("other names")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["person", "text"], name="personname_once_a_person"),
        ]

    def __str__(self) -> str:
        return self.text

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save the name. If no script was typed, it is the script of most of its letters."""
        self.script = self.script or script_of(self.text)
        with transaction.atomic():
            lock_names_for_change()
            super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Delete the name while no other transaction reads who may be named."""
        with transaction.atomic():
            lock_names_for_change()
            return super().delete(*args, **kwargs)
