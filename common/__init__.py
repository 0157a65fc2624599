"""What every room uses: which characters a text keeps, which links, which rows are changed how."""
