"""Reads the environment of this process and .env.

gunicorn.conf.py loads this file by its path, outside of Django, so it must not import other modules
of Pressroom.
"""

import io
import os
import re
from pathlib import Path

import environ


def read(path: Path) -> dict[str, str]:
    """Return the variables of this process, and those of a .env file that are not set in it.

    Nothing is added to the environment of the process. The file is read as Docker Compose reads it:
    text in single quotes is literal, and \\' is a quote inside them. django-environ does not
    support this, and would also strip double quotes inside single quotes. So each line with single
    quotes is converted to double quotes.
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
