"""What the page posts, as Django forms: shape only. What may be done is decided in `actions/`."""

from __future__ import annotations

from django import forms


class PromptForm(forms.Form):
    """A prompt; `suggestion` is the text of a suggested first prompt whose button was pressed."""

    text = forms.CharField(required=False, strip=False)
    suggestion = forms.CharField(required=False, strip=False, max_length=2_000)
    key = forms.CharField(max_length=64)
    model = forms.CharField(required=False, max_length=200)

    @property
    def prompt(self) -> str:
        """Return what the person wants to send."""
        text: str = self.cleaned_data["suggestion"] or self.cleaned_data["text"]
        return text


class TitleForm(forms.Form):
    """A new title of a chat; its length is the action's business."""

    title = forms.CharField(required=False)


class StopForm(forms.Form):
    """`seen`: the number of the last event that the person had seen."""

    seen = forms.IntegerField(required=False, min_value=0)
