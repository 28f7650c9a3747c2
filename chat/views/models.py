"""The model picker by itself, for a page that looks again after Ollama was started or a model was pulled."""

from __future__ import annotations

from asgiref.sync import async_to_sync
from django.http import HttpResponse
from django.shortcuts import render

from chat.queries.models import model_list
from chat.views.door import PageRequest, door


@door("GET", "HEAD")
def picker(request: PageRequest) -> HttpResponse:
    models = async_to_sync(model_list)(fresh=True)
    names = {model.name for model in models.models}
    wanted = request.GET.get("model", "")
    model = wanted if wanted in names else models.default
    return render(request, "chat/_models_swapped.html", {"models": models, "model": model})
