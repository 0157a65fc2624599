"""Guesses of codes of a second factor through the sign-in page."""

import pytest
from django.test import Client

from accounts.models import AccessEvent
from jobs.models import Email
from tests.signing_in import enrol, enter_code, member, sign_in, text

pytestmark = pytest.mark.django_db


def test_ten_wrong_codes_are_checked_and_then_not_even_the_right_one():
    ada = enrol(member())
    clients = []
    for number in range(11):  # from different addresses, each after the right password
        client = Client(REMOTE_ADDR=f"203.0.113.{number + 1}")
        sign_in(client, ada)
        clients.append(client)
    for client in clients[:10]:
        assert "The code is wrong" in text(enter_code(client, "000000"))
    answer = enter_code(clients[10])
    assert "Too many wrong codes were entered" in text(answer)
    assert clients[10].get("/admin/").status_code == 302
    verbs = list(AccessEvent.objects.order_by("pk").values_list("verb", flat=True))
    assert verbs == ["sign_in_failed"] * 10 + ["sign_in_limited"]
    assert "someone knows your password" in Email.objects.get().text
