"""Addresses of pages of the desk, for texts that its users read."""

from typing import Any

from django.urls import reverse


def desk_home() -> str:
    """Return the path of the desk's first page."""
    return reverse("admin:index")


def desk_address(row: Any, page: str = "change", *args: object) -> str:
    """Return the path of a page about a row, such as its form; `args` follow the key."""
    name = row._meta.label_lower.replace(".", "_")
    return reverse(f"admin:{name}_{page}", args=[row.pk, *args])
