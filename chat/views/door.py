"""The door of every page view: who may enter, by which method, and how a refusal is said.

A page of somebody else and a page that never was give the same 404. An action that cannot be done changes nothing
on the page: htmx gets the reason as a toast, a plain form gets a page with the same words.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.shortcuts import render
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from accounts.models import User
from chat.errors import ActionError, NotFound, RateLimited
from chat.rendering.fragments import error_notice

P = ParamSpec("P")


class PageRequest(HttpRequest):
    """A request that has come through the door."""

    user: User
    htmx: HtmxDetails


PageView = Callable[Concatenate[PageRequest, P], HttpResponseBase]
AnyView = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def door(*methods: str) -> Callable[[PageView[P]], AnyView[P]]:
    """Let signed-in people in, by these methods only; say what is wrong when the view raises an `ActionError`."""

    def guard(view: PageView[P]) -> AnyView[P]:
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if request.method not in methods:
                return HttpResponseNotAllowed(methods)
            if not request.user.is_authenticated:
                return _to_sign_in(request)
            try:
                return view(request, *args, **kwargs)  # type: ignore[arg-type]  # signed in: checked above
            except NotFound as error:
                raise Http404 from error
            except ActionError as error:
                return refusal(request, error)

        return guarded

    return guard


def refusal(request: HttpRequest, error: ActionError) -> HttpResponse:
    """Return the answer to something that cannot be done; what the person wrote stays where it is."""
    if _by_htmx(request):
        response = HttpResponse(error_notice(error), status=error.http_status, headers={"HX-Reswap": "none"})
    else:
        response = render(request, "chat/refused.html", {"error": error}, status=error.http_status)
    return with_retry_after(response, error)


def with_retry_after(response: HttpResponse, error: ActionError) -> HttpResponse:
    if isinstance(error, RateLimited):
        response["Retry-After"] = str(error.retry_after)
    return response


def _to_sign_in(request: HttpRequest) -> HttpResponseBase:
    """Return the way to sign in; htmx is told to leave the page instead of swapping the sign-in form into it."""
    if not _by_htmx(request):
        return redirect_to_login(request.get_full_path() if request.method == "GET" else "/chat/")
    here = getattr(request, "htmx", None)
    return HttpResponseClientRedirect(redirect_to_login((here and here.current_url_abs_path) or "/chat/").url)


def _by_htmx(request: HttpRequest) -> bool:
    return bool(getattr(request, "htmx", False))
