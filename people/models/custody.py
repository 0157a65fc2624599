"""The states of a case: custody statuses and their groups, legal statuses, kinds of call."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Group(models.TextChoices):
    """A kind of custody status. Every status belongs to exactly one group."""

    DETENTION = "detention", _("In detention")
    RESTRICTED = "restricted", _("Free, with restrictions")
    FREE = "free", _("Free")
    DEAD = "dead", _("Died")
    UNKNOWN = "unknown", _("Status unknown")


class Custody(models.TextChoices):
    """Custody statuses, based on those of RSF, CPJ and HURIDOCS. See docs/decisions/0011."""

    DETAINED = "detained", _("In detention")
    PRETRIAL = "pretrial", _("In pre-trial detention")
    ADMINISTRATIVE = "administrative", _("In administrative detention")
    IMPRISONED = "imprisoned", _("Imprisoned after conviction")
    HOUSE_ARREST = "house_arrest", _("Under house arrest")
    RESTRICTED = "restricted", _("Free, but with restrictions on movement")
    DISAPPEARED = "disappeared", _("Forcibly disappeared")
    HELD_NON_STATE = "held_non_state", _("Held by an armed group")
    RELEASED_CONDITIONAL = "released_conditional", _("Released on conditions")
    RELEASED = "released", _("Released")
    DIED_IN_CUSTODY = "died_in_custody", _("Died in custody")
    DIED = "died", _("Died")
    UNKNOWN = "unknown", _("Status unknown")


# Enforced disappearance is a detention that is denied (Convention of 2006, article 2).
GROUPS = {
    Custody.DETAINED: Group.DETENTION,
    Custody.PRETRIAL: Group.DETENTION,
    Custody.ADMINISTRATIVE: Group.DETENTION,
    Custody.IMPRISONED: Group.DETENTION,
    Custody.HOUSE_ARREST: Group.DETENTION,
    Custody.DISAPPEARED: Group.DETENTION,
    Custody.HELD_NON_STATE: Group.DETENTION,
    Custody.RESTRICTED: Group.RESTRICTED,
    Custody.RELEASED_CONDITIONAL: Group.FREE,
    Custody.RELEASED: Group.FREE,
    Custody.DIED_IN_CUSTODY: Group.DEAD,
    Custody.DIED: Group.DEAD,
    Custody.UNKNOWN: Group.UNKNOWN,
}
# How a detention ended, as printed next to the name in an older release: with the date of the end,
# or with the date of the newest status. `on` is a date with its preposition: “on 3 May 2026”.
DETENTION_ENDINGS = {
    Custody.RELEASED: (_("released %(on)s"), _("released, as of %(day)s")),
    Custody.RELEASED_CONDITIONAL: (
        _("released on conditions %(on)s"), _("released on conditions, as of %(day)s"),
    ),
    Custody.DIED_IN_CUSTODY: (_("died in custody %(on)s"), _("died in custody, as of %(day)s")),
    Custody.DIED: (_("died %(on)s"), _("died, as of %(day)s")),
}  # fmt: skip


class Legal(models.TextChoices):
    """Legal statuses of the U.S. Press Freedom Tracker, and two more."""

    UNKNOWN = "", _("Not known")
    NOT_CHARGED = "not_charged", _("Not charged")
    CHARGED = "charged", _("Charges pending")
    ON_TRIAL = "on_trial", _("On trial")
    CONVICTED = "convicted", _("Convicted")
    APPEAL = "appeal", _("Convicted; an appeal is pending")
    ACQUITTED = "acquitted", _("Acquitted")
    DROPPED = "dropped", _("Charges dropped")
    PARDONED = "pardoned", _("Pardoned")


class Confidence(models.TextChoices):
    """How sure a status is, from HURIDOCS micro-thesaurus 41."""

    UNKNOWN = "", _("Not judged")
    CONFIRMED = "confirmed", _("Confirmed")
    LIKELY = "likely", _("Likely")
    POSSIBLE = "possible", _("Possible")
    UNLIKELY = "unlikely", _("Unlikely")


class Call(models.TextChoices):
    """What a call asks for."""

    RELEASE = "immediate_unconditional_release", _("Immediate and unconditional release")
    DROP = "drop_charges", _("Drop the charges")
    QUASH = "quash_conviction", _("Quash the conviction")
    FAIR_TRIAL = "fair_trial", _("A fair trial")
    WHEREABOUTS = "disclose_whereabouts", _("Disclose the person’s whereabouts")
    MEDICAL = "medical_care", _("Medical care")
    ACCESS = "family_lawyer_access", _("Access for family and lawyer")
    COMMUTE = "commute", _("Commute the sentence")
    ILL_TREATMENT = "end_ill_treatment", _("End ill-treatment")
