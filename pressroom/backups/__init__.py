"""Backups of the whole newsroom. Each is a folder with the database and the files named in it.

    pressroom-20261128T220000Z/
        database.dump       PostgreSQL: pg_dump's custom format; SQLite: database.sqlite3
        media/…             every stored file, under its name in the storage
        SHA256SUMS          the digest of each file above, for `sha256sum --check`
        manifest.json       what the backup contains; written last

A folder whose name ends with .partial is not a complete backup. See docs/decisions/0028.
"""
