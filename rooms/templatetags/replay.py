"""How the replay page writes times, and which colour a voice's lane has."""

from django import template

register = template.Library()

LANE_COLOURS = 4


@register.filter
def clock_time(milliseconds: int) -> str:
    """Minutes and seconds, with hours where there are any: 1:02, 1:00:05."""
    seconds = milliseconds // 1000
    hours, minutes = seconds // 3600, seconds // 60 % 60
    return f"{hours}:{minutes:02}:{seconds % 60:02}" if hours else f"{minutes}:{seconds % 60:02}"


@register.filter
def lane_colour(number: int) -> int:
    """The colours of "who gets what" take turns."""
    return (number - 1) % LANE_COLOURS + 1
