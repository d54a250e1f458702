"""Suspense: money that came too late or matches nothing, until it is given back or matched to a sale."""
