"""Clinical content: what the files in ``cards/`` say, checked and compiled."""
