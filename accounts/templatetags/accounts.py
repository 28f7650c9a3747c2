"""Small filters for the account pages."""

from __future__ import annotations

from django import forms, template
from django.utils.safestring import SafeString

from accounts.devices import device_name

register = template.Library()
register.filter("device_name", device_name)


@register.filter
def control(field: forms.BoundField) -> SafeString:
    """Render the control in our class, and without a placeholder that only repeats the label."""
    kind = "field__check" if field.widget_type == "checkbox" else "field__input"
    return field.as_widget(attrs={"class": kind, "placeholder": False})
