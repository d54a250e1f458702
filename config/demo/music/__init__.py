"""Hedy plays in the demo's live room, so that whoever enters hears something without a second browser."""
