"""An opened invitation link. A GET uses nothing up: chat programs and mail scanners open links too."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts import invitations


@never_cache
@require_safe
def open_invitation(request: HttpRequest, token: str) -> HttpResponse:
    if request.user.is_authenticated:
        return redirect("/")
    try:
        if settings.SMAIL_SIGNUP == "closed":
            raise invitations.InvitationRefused
        invitations.remember(request.session, invitations.find(token))
    except invitations.InvitationRefused:
        return render(request, "accounts/invitation_refused.html", status=404)
    return redirect("account_signup")
