"""Signing in and signing up: django-allauth's views, told about the first run and closed sign-up."""

from __future__ import annotations

from typing import Any

from allauth.account.views import LoginView, SignupView
from django.http import HttpResponse

from accounts import first_run
from accounts.adapter import may_sign_up


class SignInView(LoginView):
    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        context["first_run"] = first_run.is_pending()
        context["may_sign_up"] = may_sign_up(self.request)
        return context


class SignUpView(SignupView):
    def closed(self) -> HttpResponse:
        response: HttpResponse = super().closed()
        response.status_code = 403
        return response
