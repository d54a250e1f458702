"""Refunds as buyers, hosts and rooms see them: what they do to a ticket, who may ask, and cancelled rooms."""
