"""The two readings of a file with conflict markers: all of ours, all of theirs; not what they mean."""

from __future__ import annotations

from typing import Final

from cpl.patterns import bytes_regex

_LINE: Final = bytes_regex(rb"[^\n]*\n|[^\n]+")
_MARKER: Final = bytes_regex(rb"(<{7}|\|{7}|={7}|>{7})(?=[ \r\n]|\Z)")
_OUTSIDE: Final = "outside"
# Where a line stands, and what a marker there makes of it; any other marker there is a line like another.
_NEXT: Final = {
    (_OUTSIDE, b"<"): "ours",
    ("ours", b"|"): "base",
    ("ours", b"="): "theirs",
    ("base", b"="): "theirs",
    ("theirs", b">"): _OUTSIDE,
}
_ALONE: Final = (b"<", b">", b"|")  # a lone `=======` may be the line under a heading


def is_marked(data: bytes) -> bool:
    """Whether a merge left a conflict in a file."""
    return any((found := _MARKER.match(line)) and found[1][:1] == b"<" for line in _LINE.findall(data))


def readings(data: bytes) -> tuple[bytes, bytes] | None:
    """The file with ours of every conflict, and with theirs; None where the markers don't belong together."""
    place, ours, theirs = _OUTSIDE, b"", b""
    for line in _LINE.findall(data):
        found = _MARKER.match(line)
        sign = found[1][:1] if found else b""
        following = _NEXT.get((place, sign))
        if following is not None:
            place = following
        elif sign in _ALONE and sign:
            return None
        else:
            ours += line if place in (_OUTSIDE, "ours") else b""
            theirs += line if place in (_OUTSIDE, "theirs") else b""
    return (ours, theirs) if place == _OUTSIDE else None
