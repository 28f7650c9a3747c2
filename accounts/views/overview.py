"""The account page: who I am here, how I sign in, where I am signed in."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from allauth.usersessions.adapter import get_adapter
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe


@never_cache
@require_safe
@login_required
def overview(request: HttpRequest) -> HttpResponse:
    types = list(Authenticator.objects.filter(user_id=request.user.pk).values_list("type", flat=True))
    return render(
        request,
        "accounts/overview.html",
        {
            "has_app": Authenticator.Type.TOTP in types,
            "keys": types.count(Authenticator.Type.WEBAUTHN),
            "devices": len(UserSession.objects.purge_and_list(request.user)),
        },
    )


@require_POST
@login_required
def sign_out_device(request: HttpRequest, pk: int) -> HttpResponse:
    """End one of the person's own sessions, wherever it is."""
    session = get_object_or_404(UserSession, pk=pk, user_id=request.user.pk)
    is_this_one = session.is_current()
    get_adapter().end_sessions([session])
    if is_this_one:
        logout(request)
        return redirect("account_login")
    messages.success(request, "That device is signed out.")
    return redirect("usersessions_list")
