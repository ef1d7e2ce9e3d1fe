"""One module for each migration, named after what it does."""
