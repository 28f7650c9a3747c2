"""Small filters for the account pages."""

from __future__ import annotations

from django import forms, template
from django.utils.safestring import SafeString

from accounts.devices import device_name

register = template.Library()
register.filter("device_name", device_name)


@register.filter
def bare(field: forms.BoundField) -> SafeString:
    """Render the input without its placeholder, which would only repeat the label."""
    return field.as_widget(attrs={"placeholder": False})
