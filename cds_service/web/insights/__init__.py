"""The page ``/insights``: how often cards fire and what becomes of them, out of the journal."""
