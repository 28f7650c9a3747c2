"""Where each address leads."""

from __future__ import annotations

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from accounts.views.entrance import SignInView, SignUpView

# One door: administrators sign in, with their second factor, where everybody does.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]  # as allauth documents
admin.site.site_header = admin.site.site_title = admin.site.index_title = "SMAIL"

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="chat:new")),
    path("chat/", include("chat.urls")),
    path("api/v1/", include("chat.transports.urls")),
    path("admin/password_change/", RedirectView.as_view(pattern_name="account_change_password")),
    path("admin/", admin.site.urls),
    path("accounts/login/", SignInView.as_view(), name="account_login"),
    path("accounts/signup/", SignUpView.as_view(), name="account_signup"),
    path("accounts/", include("accounts.urls")),
    path("accounts/", include("allauth.urls")),
]
