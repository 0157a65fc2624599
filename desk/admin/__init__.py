"""The pages of the desk in Django's admin, one module for each part of the newsroom."""

from desk.admin import (  # noqa: F401  # each module registers its admins
    cases,
    jobs,
    library,
    name_exceptions,
    people,
    previews,
    record,
    releases,
    team,
    topics_and_contacts,
)
