"""LiveKit in place of our own relay, for rooms that outgrow one machine.

`python -m rooms.livekit` reads the same control stream as the relay and tells the same events, so Django and the pages
do not change: leases, revocations, mutes and ends become calls of LiveKit's RoomService. `tokens` is pure; Django
uses it.
"""
