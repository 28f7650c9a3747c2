"""The page where the first administrator is made; only the console's link leads here."""

from __future__ import annotations

from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import perform_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts import first_run
from accounts.forms import FirstAdministratorForm


@sensitive_post_parameters("password1", "password2")
@never_cache
@require_http_methods(["GET", "POST"])
def first_administrator(request: HttpRequest, token: str) -> HttpResponse:
    try:
        first_run.check(token)
        form = FirstAdministratorForm(request.POST or None)
        if form.is_valid():
            return _make(request, token, form)
    except first_run.LinkRefused:
        raise Http404("This link is not valid.") from None
    return render(request, "accounts/first_run.html", {"form": form})


def _make(request: HttpRequest, token: str, form: FirstAdministratorForm) -> HttpResponse:
    user = first_run.make_first_administrator(
        token=token,
        username=form.cleaned_data["username"],
        email=form.cleaned_data["email"],
        password=form.cleaned_data["password1"],
    )
    record_authentication(request, user, method="password", username=user.username)
    response: HttpResponse = perform_login(request, user, email_verification="none", redirect_url="/")
    return response
