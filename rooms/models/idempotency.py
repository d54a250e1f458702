"""API requests that must not be done twice."""

from uuid import UUID

from django.conf import settings
from django.db import models


class IdempotentRequest(models.Model):
    """A person's key, the body it came with, and what was done for it.

    `subject` names that as its sale does ("ticket:<uuid>"). `response` is empty between the commit of the work and the
    end of the first answer; a replay then answers from what was bought as it is.
    Source: draft-ietf-httpapi-idempotency-key-header, section 2.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    request_sha256 = models.CharField(max_length=64)
    subject = models.CharField(max_length=120)
    status = models.PositiveSmallIntegerField()
    response = models.JSONField(null=True)
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="idempotent_request_key_unique")]

    def __str__(self) -> str:
        return self.key

    @property
    def object_id(self) -> UUID:
        """The id of what was bought."""
        return UUID(self.subject.partition(":")[2])
