"""Rules for everything that is stored: characters, links, columns, rows. Every room uses them."""
