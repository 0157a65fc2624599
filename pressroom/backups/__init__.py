"""Backups of the whole newsroom: one folder each, with the database and the files that it names.

    pressroom-20261128T220000Z/
        database.dump       PostgreSQL: pg_dump's custom format; SQLite: database.sqlite3
        media/…             every stored file, under its name in the storage
        SHA256SUMS          the digest of each file above, as `sha256sum --check` reads it
        manifest.json       what is in it; written last

A folder whose name ends with .partial is no backup. See docs/decisions/0028.
"""
