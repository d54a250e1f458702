"""A sign of life of the workers."""

from django.db import models


class Heartbeat(models.Model):
    """When a kind of process was last seen, in real time."""

    name = models.CharField(max_length=40, primary_key=True)
    seen_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
