"""Reads the environment of this process and .env.

gunicorn.conf.py loads this file by its path, outside of Django: it imports nothing of Pressroom.
"""

import io
import os
import re
from pathlib import Path

import environ


def read(path: Path) -> dict[str, str]:
    """Return the environment together with what a .env file adds to it; export nothing.

    The file is read as Docker Compose reads it: text in single quotes is literal, and \\' is a
    quote inside them. django-environ does not support that, and would also strip double quotes
    inside the single ones, so each such line is converted to its own way of quoting.
    """

    class Local(environ.Env):
        ENVIRON = dict(os.environ)

    def quoted(line: re.Match[str]) -> str:
        literal = line[2].replace("\\'", "'")
        return line[1] + '"' + re.sub(r'(["\\])', r"\\\1", literal) + '"'

    if os.access(path, os.R_OK):
        text = path.read_text(encoding="utf-8")
        text = re.sub(r"(?m)^((?:export )?\w+=)'(.*)'[ \t]*$", quoted, text)
        Local.read_env(io.StringIO(text))
    return Local.ENVIRON
