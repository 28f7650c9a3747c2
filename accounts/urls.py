"""Where the account pages are; included under /accounts/ before django-allauth's own."""

from __future__ import annotations

from django.urls import path

from accounts.views import first_run, invitation, overview

app_name = "accounts"

urlpatterns = [
    path("", overview.overview, name="overview"),
    path("first-run/<str:token>/", first_run.first_administrator, name="first_run"),
    path("invitation/<str:token>/", invitation.open_invitation, name="invitation"),
    path("sessions/<int:pk>/sign-out/", overview.sign_out_device, name="sign_out_device"),
]
