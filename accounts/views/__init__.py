"""The account pages that are ours; django-allauth has the rest."""
