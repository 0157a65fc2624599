"""Guesses of codes of a second factor through the sign-in page."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from jobs.models import Email
from tests.signing_in import code_of, enrol, enter_code, member, sign_in, text, verbs

pytestmark = pytest.mark.django_db


def test_ten_wrong_codes_are_checked_and_then_not_even_the_right_one():
    ada, bo, known = enrol(member()), enrol(member(name="bo")), Client()
    sign_in(known, ada)
    enter_code(known, code_of(steps=-1))
    known.post("/admin/logout/")
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
    assert verbs(ada)[2:] == ["sign_in_failed"] * 10 + ["sign_in_limited"]
    email = Email.objects.get(subject="Too many wrong codes for your account")
    assert "someone knows your password" in email.text
    # A browser that signed in before has its own limit, and so has another user.
    for client, user in ((known, ada), (Client(), bo)):
        sign_in(client, user)
        assert enter_code(client).status_code == 302


def test_right_codes_do_not_count():
    ada = enrol(member())
    for number in range(12):
        with time_machine.travel(timezone.now() + number * timedelta(minutes=1), tick=False):
            client = Client()
            sign_in(client, ada)
            assert enter_code(client).status_code == 302
