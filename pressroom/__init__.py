"""A newsroom for human-rights organisations."""

__version__ = "0.2.0.dev0"  # PEP 440; the same as in pyproject.toml
