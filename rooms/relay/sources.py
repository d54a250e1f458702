"""Who is heard in a packet, told by the packet itself: the speaker is its contributing source. Pure; Django uses it.

A page reads it beside the sound (`RTCRtpReceiver.getContributingSources`), so the name that lights up is the voice
that is heard, with no message between them. Source: RFC 3550, section 5.1 (CSRC list).
"""

import zlib


def source_of(identity: str) -> int:
    """The number for an identity: the same in every process, never 0. Two may share one, rarely."""
    return zlib.crc32(identity.encode()) or 1
