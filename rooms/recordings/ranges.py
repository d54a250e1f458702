"""Parts of a file over HTTP, as media elements ask for them when they seek (RFC 9110 section 14)."""

import re
from http import HTTPStatus
from typing import Any, Final

from django.core.files import File
from django.http import HttpResponse

AT_MOST: Final = 1 << 20
"""A server may send less than was asked for (section 15.3.7); the element asks for the rest when it gets there."""
ONE_RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


class UnsatisfiableRangeError(ValueError):
    """The range lies beyond the end."""


def span(header: str, size: int) -> tuple[int, int] | None:
    """First byte and the one after the last; None for a header to be ignored (not bytes, several ranges, nonsense).

    Raises:
        UnsatisfiableRangeError: the range lies beyond the end.
    """
    found = ONE_RANGE.fullmatch(header.strip())
    if found is None or found.group(0) == "bytes=-":
        return None
    first, last = found.groups()
    if not first:  # the last so many bytes
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(size, int(last) + 1) if last else size
        if last and int(last) < start:
            return None
    if start >= size:
        raise UnsatisfiableRangeError(header)
    return start, min(end, start + AT_MOST)


def partial(file: "File[Any]", header: str, *, size: int, content_type: str) -> HttpResponse | None:
    """206 with the part asked for, 416 beyond the end, None when the whole file is to be sent."""
    try:
        part = span(header, size)
    except UnsatisfiableRangeError:
        status = HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
        return HttpResponse(status=status, headers={"Content-Range": f"bytes */{size}"})
    if part is None:
        return None
    start, end = part
    file.seek(start)
    headers = {"Content-Range": f"bytes {start}-{end - 1}/{size}", "Accept-Ranges": "bytes"}
    content = file.read(end - start)
    return HttpResponse(content, status=HTTPStatus.PARTIAL_CONTENT, content_type=content_type, headers=headers)
