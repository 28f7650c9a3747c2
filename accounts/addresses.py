"""Email addresses as django-allauth keeps them: a row each, confirmed or not.

An address that the person typed at sign-up must be confirmed by mail; one that an administrator gave (in admin, on
the command line, at the first run) counts as confirmed. Without its row allauth would drop it as soon as the person
asks for another.
"""

from __future__ import annotations

from allauth.account.models import EmailAddress

from accounts.models import User


def trust_given_address(user: User) -> None:
    """Give the user's address its row if it has none."""
    email = user.email.lower()
    if not email or EmailAddress.objects.filter(user=user).exists():
        return
    if not EmailAddress.objects.filter(email=email, verified=True).exists():
        EmailAddress.objects.get_or_create(user=user, email=email, defaults={"primary": True, "verified": True})


def replace_address(user: User) -> None:
    """Make the address that an administrator has just given the only one."""
    EmailAddress.objects.filter(user=user).delete()
    trust_given_address(user)
