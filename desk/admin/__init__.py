"""The desk's pages, which Django's admin serves: one module for each part of the newsroom."""

from desk.admin import (  # noqa: F401  # each registers its own pages
    jobs,
    library,
    name_exceptions,
    people,
    previews,
    releases,
    team,
    topics_and_contacts,
)
