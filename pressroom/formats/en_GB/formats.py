"""How the admin writes a moment: on the day's 24 hours, with its zone."""

DATE_FORMAT = "j F Y"
DATETIME_FORMAT = "j F Y, H:i T"
TIME_FORMAT = "H:i"
