"""What may be stored, and how: characters, links, columns, rows. Every room uses it."""
