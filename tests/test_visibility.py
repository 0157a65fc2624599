"""What is public, and from which second."""

from datetime import timedelta

import pytest
from django.utils import timezone

from releases.models import Release
from tests.make import STATES, make_release

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)


@pytest.mark.parametrize("state", STATES)
def test_method_and_queryset_agree_in_every_state_at_every_moment(state):
    now = timezone.now()
    release = make_release(state, at=now)
    moments = [now + timedelta(hours=hours) for hours in (-3, -1, 0, 1, 2, 10_000)]
    boundary = [m for m in (release.publish_at, release.withdrawn_at, release.held_at) if m]
    moments += [moment + shift for moment in boundary for shift in (-SECOND, 0 * SECOND, SECOND)]
    for at in moments:
        sets = {
            "public": Release.objects.public(at),
            "tombstone": Release.objects.tombstones(at),
            "scheduled": Release.objects.scheduled(at),
        }
        for name, releases in sets.items():
            row = getattr(release, f"is_{name}")(at)
            assert releases.filter(pk=release.pk).exists() is row, (name, at)
        hidden = not release.is_public(at) and release.status != "withdrawn"
        assert Release.objects.hidden(at).exists() is hidden
    assert Release.objects.on_hold().exists() is release.is_on_hold()
    assert Release.objects.blocked_by_name().exists() is release.is_blocked_by_name()


def test_a_release_is_public_from_its_exact_second():
    embargo_ends = timezone.now() + timedelta(hours=1)
    release = make_release("scheduled", publish_at=embargo_ends)
    assert not Release.objects.public(embargo_ends - SECOND).exists()
    assert Release.objects.public(embargo_ends).get() == release


def test_a_release_that_was_never_public_leaves_no_tombstone():
    never_public = make_release("withdrawn_unseen")
    seen = make_release("withdrawn")
    assert list(Release.objects.tombstones()) == [seen]
    assert not never_public.is_tombstone()


@pytest.mark.parametrize("state", STATES)
def test_only_published_is_public_now(state):
    release = make_release(state)
    assert release.is_public() is (state == "published")
