"""API requests that must not be done twice."""

from django.conf import settings
from django.db import models


class IdempotentRequest(models.Model):
    """A person's key, the body it came with, and what was done for it.

    `response` is empty between the commit of the work and the end of the first answer; a replay then answers from the
    ticket as it is. Source: draft-ietf-httpapi-idempotency-key-header, section 2.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    request_sha256 = models.CharField(max_length=64)
    ticket = models.ForeignKey("rooms.Ticket", on_delete=models.CASCADE, related_name="+")
    status = models.PositiveSmallIntegerField()
    response = models.JSONField(null=True)
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="idempotent_request_key_unique")]

    def __str__(self) -> str:
        return self.key
