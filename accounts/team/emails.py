"""E-mails about changes of an account by the team. They contain no secret."""

from collections.abc import Iterable

from django.conf import settings
from django.utils.translation import gettext as _

from accounts import notices
from accounts.desk_addresses import desk_home
from accounts.models import User
from accounts.roles import roles_in_words
from accounts.team.administrators import administrators


def account_changed(user: User, sentences: Iterable[str], by: User | None) -> None:
    """Notify a user of a change to their account, with who made it and what to do if it is wrong.

    If administrators change their own account, the other administrators are notified too.
    """
    is_own = by is not None and by.pk == user.pk
    changed_by = _("Changed by: %(name)s") % {"name": by or _("a command on the server")}
    change = "\n".join([*sentences, changed_by])
    warning = (
        _("If you did not expect this, contact another administrator at once.")
        if is_own
        else _("If you did not expect this, contact an administrator.")
    )
    notices.send(user, _subject(), [change, warning], by=by)
    if is_own:
        subject = _("An administrator changed their own account at %(newsroom)s") % {
            "newsroom": settings.NEWSROOM_NAME
        }
        for other in administrators().exclude(pk=user.pk):
            notices.send(other, subject, [change], by=by)


def roles_changed(user: User, before: Iterable[str], now: Iterable[str], by: User | None) -> None:
    sentences = [
        _("Your roles have changed.") if not by or by.pk != user.pk else _("Roles have changed."),
        _("Before: %(roles)s") % {"roles": roles_in_words(before)},
        _("Now: %(roles)s") % {"roles": roles_in_words(now)},
    ]
    account_changed(user, sentences, by)


def paused(user: User, by: User | None) -> None:
    sentence = _("Your account is paused. You can’t sign in until an administrator resumes it.")
    account_changed(user, [sentence], by)


def resumed(user: User, by: User | None) -> None:
    sentence = _("Your account works again. Sign in at %(address)s")
    account_changed(user, [sentence % {"address": settings.SITE_URL + desk_home()}], by)


def left(user: User, by: User | None) -> None:
    sentence = _("Your account is closed. You can’t sign in any more.")
    account_changed(user, [sentence], by)


def renamed(user: User, by: User | None) -> None:
    sentence = _("Your name at the desk is now: %(name)s") % {"name": user}
    account_changed(user, [sentence], by)


def account_created(user: User, by: User | None) -> None:
    paragraphs = [
        _("Your account was created."),
        _("Username: %(name)s") % {"name": user.get_username()},
        _("Sign in at %(address)s") % {"address": settings.SITE_URL + desk_home()},
        _("If you did not create it, contact an administrator at once."),
    ]
    notices.send(user, _subject(), paragraphs, by=by)


def invitation_accepted(inviter: User, user: User) -> None:
    subject = _("Your invitation to %(newsroom)s was accepted") % {
        "newsroom": settings.NEWSROOM_NAME
    }
    text = _("%(name)s (%(email)s) accepted your invitation and can sign in now.")
    notices.send(inviter, subject, [text % {"name": user, "email": user.email}], by=user)


def _subject() -> str:
    return _("Your account at %(newsroom)s") % {"newsroom": settings.NEWSROOM_NAME}
