"""The network address of a request, and the networks that we count and record."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest


def address_of(request: HttpRequest) -> str:
    """Return the network address that a request came from.

    Behind our proxy, it is the last one in X-Forwarded-For. Clients can forge the earlier ones.
    """
    stated = request.META.get("REMOTE_ADDR", "")
    if settings.TRUST_PROXY:
        stated = request.META.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2].strip() or stated
    try:
        address = ipaddress.ip_address(stated)
    except ValueError:
        return ""
    # A server that listens on IPv6 writes IPv4 addresses like this: ::ffff:203.0.113.7
    return str(getattr(address, "ipv4_mapped", None) or address)


def subscriber_of(address: str) -> str:
    """Return what one subscriber has: an IPv4 address, or the /64 of an IPv6 address."""
    if address and ipaddress.ip_address(address).version == 6:
        return str(ipaddress.ip_network(f"{address}/64", strict=False))
    return address


def network_of(address: str) -> str:
    """Return the network of an address: its first 24 (IPv4) or 48 bits (IPv6).

    This shows a pattern, but does not identify a person.
    """
    if not address:
        return "unknown"
    bits = 24 if ipaddress.ip_address(address).version == 4 else 48
    return str(ipaddress.ip_network(f"{address}/{bits}", strict=False))
