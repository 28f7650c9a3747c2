"""Ollama as a provider, in reading order.

`address` says where it is, `payload` what it is asked, `transport` how the bytes come, `lines` cuts them, `decode`
turns a line into deltas, `errors` turns whatever went wrong into `chat.errors`, `models` reads what it has, and
`client` is the provider that joins them. Nothing in here retries, stores or knows Django's models.
"""
