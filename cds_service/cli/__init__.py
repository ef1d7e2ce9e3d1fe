"""The command line ``imaging-advisor``: one module for each command."""
