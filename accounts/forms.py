"""The forms that differ from django-allauth's own."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import LoginForm, SignupForm
from allauth.core import context
from allauth.mfa.webauthn.forms import AddWebAuthnForm
from django import forms
from django.contrib.auth.forms import BaseUserCreationForm

from accounts import invitations
from accounts.models import User


class SignInForm(LoginForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = "Username or email"
        # `webauthn` lets the browser offer passkeys beside saved passwords.
        self.fields["login"].widget.attrs["autocomplete"] = "username webauthn"
        self.fields["login"].widget.attrs["autofocus"] = True
        self.fields["password"].help_text = ""


class SignUpForm(SignupForm):
    """An invitation made for an address is good for that address alone."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        invitation = invitations.of_session(context.request.session)
        self._invited_email = invitation.email.lower() if invitation else ""
        if self._invited_email:
            self.fields["email"].initial = self._invited_email
            self.fields["email"].required = True

    def clean_email(self) -> str:
        email: str = super().clean_email()
        if self._invited_email and email.lower() != self._invited_email:
            raise forms.ValidationError("This invitation was made for another email address.")
        return email


class AddPasskeyForm(AddWebAuthnForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["passwordless"].initial = True
        self.fields["passwordless"].label = "Let it sign me in without the password"
        self.fields["passwordless"].help_text = "It must then ask for your fingerprint, face or PIN."


class FirstAdministratorForm(BaseUserCreationForm):  # type: ignore[type-arg]  # generic in the stubs alone
    """Username and password as everywhere; the email is for password resets and may be left out."""

    email = forms.EmailField(label="Email (optional)", required=False)
    email.widget.attrs["autocomplete"] = "email"
    field_order = ["username", "email", "password1", "password2"]

    class Meta(BaseUserCreationForm.Meta):
        model = User
        fields = ("username", "email")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].help_text = ""
        self.fields["password1"].help_text = "At least 10 characters."
        self.fields["password2"].label = "Password again"
        self.fields["password2"].help_text = ""
