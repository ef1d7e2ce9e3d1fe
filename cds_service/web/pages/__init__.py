"""What the pages of the service share: templates, one style sheet, and the headers of each answer.

A page has its template in ``templates/`` (it extends ``base.html``) and its scripts, if any, in
``static/``. There is no build step: files are served as they are written.

    pages = Pages(navigation=(Link("Order entry", "/demo"),))
    app.register_blueprint(pages.blueprint())          # the files of static/
    return pages.answer("demo.html", title="Order entry")
"""
