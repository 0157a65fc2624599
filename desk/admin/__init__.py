"""The pages of the desk, served by Django's admin: one module for each part of the newsroom."""

from desk.admin import (  # noqa: F401  # each registers its own pages
    cases,
    jobs,
    library,
    name_exceptions,
    people,
    previews,
    releases,
    team,
    topics_and_contacts,
)
