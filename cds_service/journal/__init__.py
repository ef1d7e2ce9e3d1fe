"""The journal: what was advised, and what the clinician did with it."""
