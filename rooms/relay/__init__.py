"""The live-audio relay: one asyncio process that forwards speakers' Opus packets to listeners, undecoded.

It imports nothing of Django. Django imports `rooms.relay.grants` and `rooms.relay.control`, which are pure.
"""
