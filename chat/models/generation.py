"""A generation: one attempt to write one answer. Its row is the queue, the lease and the record of what happened."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from chat.models.ids import new_id


class GenerationQuerySet(models.QuerySet["Generation"]):
    def open(self) -> GenerationQuerySet:
        """Return those that have not ended."""
        return self.filter(state__in=Generation.OPEN)


class Generation(models.Model):
    """Moves between states are made by `actions/finish` and `generation/lease` alone, each one conditional UPDATE
    that names the old state and epoch. Times are the database's."""

    class State(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        COMPLETED = "completed"
        STOPPED = "stopped"
        FAILED = "failed"

    OPEN = (State.QUEUED, State.RUNNING)
    MOVES = {
        State.QUEUED: {State.RUNNING, State.STOPPED, State.FAILED},
        State.RUNNING: {State.QUEUED, State.COMPLETED, State.STOPPED, State.FAILED},
    }

    class Kind(models.TextChoices):
        ANSWER = "answer", "a new answer"
        CONTINUE = "continue", "more of an answer"

    public_id = models.CharField(max_length=22, unique=True, default=new_id, editable=False)
    message = models.ForeignKey("Message", on_delete=models.CASCADE, related_name="generations")
    chat_session = models.ForeignKey("ChatSession", on_delete=models.CASCADE, related_name="generations")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="generations")
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.ANSWER)
    model = models.CharField(max_length=200)
    model_digest = models.CharField(max_length=80, blank=True)
    server = models.CharField(max_length=200, blank=True)
    options = models.JSONField(default=dict, blank=True)
    think = models.JSONField(null=True, blank=True)

    state = models.CharField(max_length=9, choices=State, default=State.QUEUED)
    epoch = models.PositiveIntegerField(default=0)
    owner = models.CharField(max_length=64, blank=True)
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    last_seq = models.PositiveIntegerField(default=0)
    # Claims since the last delta: a generation that kills its workers must end.
    idle_claims = models.PositiveSmallIntegerField(default=0)
    stop_requested_at = models.DateTimeField(null=True, blank=True)
    stop_seen_seq = models.PositiveIntegerField(null=True, blank=True)

    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    first_delta_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    finish_reason = models.CharField(max_length=8, blank=True)
    error_code = models.CharField(max_length=40, blank=True)
    error_text = models.TextField(blank=True)
    prompt_tokens = models.PositiveIntegerField(null=True, blank=True)
    completion_tokens = models.PositiveIntegerField(null=True, blank=True)
    tokens_per_s = models.FloatField(null=True, blank=True)
    context_used = models.PositiveIntegerField(null=True, blank=True)
    context_size = models.PositiveIntegerField(null=True, blank=True)
    load_s = models.FloatField(null=True, blank=True)
    retries = models.PositiveSmallIntegerField(default=0)
    recoveries = models.PositiveSmallIntegerField(default=0)

    objects = GenerationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["chat_session"], condition=Q(state="running"), name="generation_one_running_a_chat"
            ),
        ]
        indexes = [
            models.Index(fields=["state", "id"], condition=Q(state__in=["queued", "running"]), name="generation_open"),
            models.Index(fields=["user", "state"], name="generation_user_state"),
        ]

    def __str__(self) -> str:
        return f"{self.state} {self.public_id}"

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN
