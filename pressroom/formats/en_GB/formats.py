"""Formats of dates and times on screens: 24-hour clock, date-times with their time zone."""

DATE_FORMAT = "j F Y"
DATETIME_FORMAT = "j F Y, H:i T"
TIME_FORMAT = "H:i"
