"""The person who searches, and the rows that this person may find at a time."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from assets.models import MediaAsset
from people.models import Case, Person
from releases.models import Release, ReleaseQuerySet, SearchEntry
from releases.rules.desk_visibility import files_visible_to
from releases.rules.visibility import public_assets
from releases.search.entries import Kind


@dataclass(frozen=True)
class Viewer:
    """Who asks and when: the public, or a user of the desk."""

    at: datetime
    user: Any = None

    def releases(self) -> ReleaseQuerySet:
        if self.user is None:
            return Release.objects.public(self.at)
        return Release.objects.visible_to(self.user, self.at)

    def people(self) -> QuerySet[Person]:
        if self.user is None:
            return Person.objects.with_page(timezone.localdate(self.at))
        return Person.objects.visible_to(self.user)

    def files(self) -> QuerySet[MediaAsset]:
        if self.user is None:
            return public_assets(self.at)
        return files_visible_to(self.user, self.at)

    def cases(self) -> QuerySet[Case]:
        """Return the cases of visible people. Only the desk searches them."""
        return Case.objects.filter(person__in=self.people().order_by().values("pk"))

    def speakers(self) -> QuerySet[Person]:
        """Return the people whose name is printed below their quotations."""
        if self.user is None:
            protected = Person.objects.protected(timezone.localdate(self.at))
            return Person.objects.exclude(pk__in=protected.values("pk"))
        return Person.objects.visible_to(self.user)

    @property
    def kind_of_people(self) -> SearchEntry.Kind:
        return Kind.PERSON if self.user is None else Kind.RECORD
