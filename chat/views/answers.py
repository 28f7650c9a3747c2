"""What a person can ask of an answer: stop it, write it again, go on with it.

htmx gets no content: what follows comes by the stream, in order. A plain form is led back to the answer.
"""

from __future__ import annotations

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from chat.actions import again
from chat.actions.stop import stop_generation
from chat.errors import InvalidRequest
from chat.forms import StopForm
from chat.models import Message
from chat.queries.access import generation_of, message_of
from chat.rendering import ids
from chat.views.door import PageRequest, door


@door("POST")
def stop(request: PageRequest, generation_id: str) -> HttpResponseBase:
    generation = generation_of(request.user, generation_id)
    form = StopForm(request.POST)
    if not form.is_valid():
        raise InvalidRequest
    stop_generation(generation=generation, seen=form.cleaned_data["seen"])
    return _done(request, generation.message)


@door("POST")
def retry(request: PageRequest, message_id: str) -> HttpResponseBase:
    answer = message_of(request.user, message_id)
    again.retry(answer=answer, model=request.POST.get("model", "")[:200])
    return _done(request, answer)


@door("POST")
def continue_(request: PageRequest, message_id: str) -> HttpResponseBase:
    answer = message_of(request.user, message_id)
    again.continue_answer(answer=answer)
    return _done(request, answer)


def _done(request: PageRequest, answer: Message) -> HttpResponseBase:
    if request.htmx:
        return HttpResponse(status=204)
    url = reverse("chat:show", args=[answer.chat_session.public_id])
    return redirect(f"{url}#{ids.article(answer.public_id)}")
