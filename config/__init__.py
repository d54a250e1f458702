"""Obole's configuration: settings, urls, processes and the two leaves (clock, problems) that the apps may import."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
