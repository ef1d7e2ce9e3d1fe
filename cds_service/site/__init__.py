"""A site's own configuration: one file that says how the clinical content is used there.

`read` takes the file in, `check` holds it against the content, `apply` turns it into what the
content and the engine need, and `report` says what is in force and where each value comes from.
"""
