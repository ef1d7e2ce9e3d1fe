"""The service as processes: a parent that watches, and workers that answer.

The parent checks, binds and forks; it answers no call and has no threads, so that it can fork
again at any time. What a worker opens (journal, metrics, the web application) it opens itself.
"""
