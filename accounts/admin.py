"""Users, invitations and second factors in admin. An invitation's link is shown once, right after it is made.

django-allauth's own pages would let an administrator read session keys and write anybody's second factor; only
taking one off, for a person who lost it, is left.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import UserChangeForm
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from accounts.addresses import replace_address
from accounts.invitations import VALID_FOR, new_token
from accounts.models import Invitation, User

admin.site.unregister([EmailAddress, UserSession, Authenticator])

STATES = {
    "open": lambda now: Q(used_at=None, expires_at__gt=now),
    "used": lambda now: Q(used_at__isnull=False),
    "expired": lambda now: Q(used_at=None, expires_at__lte=now),
}


@admin.register(User)
class PersonAdmin(UserAdmin):  # type: ignore[type-arg]  # generic in the stubs alone
    form = UserChangeForm
    list_display = ("username", "email", "is_staff", "is_active", "date_joined", "last_login")
    list_filter = ("is_staff", "is_superuser", "is_active", "groups")
    add_fieldsets = ((None, {"fields": ("username", "email", "usable_password", "password1", "password2")}),)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if "email" in form.changed_data:
            replace_address(obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False  # it would take all that the person wrote along; switch the account off instead


class InvitationForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs alone
    days = forms.IntegerField(label="Valid for days", min_value=1, max_value=90, initial=VALID_FOR.days)

    class Meta:
        model = Invitation
        fields = ("email", "note")


class StateFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(state, state) for state in STATES]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Invitation]) -> QuerySet[Invitation]:
        if (value := self.value()) in STATES:
            return queryset.filter(STATES[str(value)](timezone.now()))
        return queryset


@admin.register(Invitation)
class InvitationAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # generic in the stubs alone
    form = InvitationForm
    list_display = ("__str__", "note", "state", "made_by", "created_at", "expires_at", "used_by")
    list_select_related = ("made_by", "used_by")
    list_filter = (StateFilter,)
    search_fields = ("email", "note", "used_by__username")
    ordering = ("-id",)
    actions = ("revoke",)

    def get_fields(self, request: HttpRequest, obj: Invitation | None = None) -> tuple[str, ...]:
        made = ("email", "note", "state", "made_by", "created_at", "expires_at", "used_by", "used_at")
        return made if obj else ("email", "note", "days")

    def has_change_permission(self, request: HttpRequest, obj: Invitation | None = None) -> bool:
        return False  # what was promised to one person is not turned into another's

    def save_model(self, request: HttpRequest, obj: Invitation, form: Any, change: bool) -> None:
        token, obj.token_hash = new_token()
        obj.made_by_id = request.user.pk
        obj.expires_at = timezone.now() + timedelta(days=form.cleaned_data["days"])
        super().save_model(request, obj, form, change)
        self._show_link(request, token)

    @admin.display(description="State")
    def state(self, invitation: Invitation) -> str:
        return invitation.state()

    @admin.action(description="Revoke the selected invitations", permissions=["delete"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[Invitation]) -> None:
        count = queryset.filter(used_at=None).update(expires_at=timezone.now())
        self.message_user(request, f"Revoked: {count}.", messages.SUCCESS)

    def _show_link(self, request: HttpRequest, token: str) -> None:
        link = request.build_absolute_uri(reverse("accounts:invitation", args=[token]))
        text = "Send this link; it is shown only now and works once: {}"
        self.message_user(request, format_html(text, link), messages.WARNING)
        if settings.SMAIL_SIGNUP == "closed":
            self.message_user(
                request, "Sign-up is closed: the link works once SMAIL_SIGNUP is “invite”.", messages.ERROR
            )


@admin.register(Authenticator)
class AuthenticatorAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # generic in the stubs alone
    list_display = ("user", "type", "created_at", "last_used_at")
    list_select_related = ("user",)
    search_fields = ("user__username", "user__email")
    fields = ("user", "type", "created_at", "last_used_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Authenticator | None = None) -> bool:
        return False
