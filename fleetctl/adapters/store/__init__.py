"""The state in a database: SQLite by default, PostgreSQL by URL, with the same code.

Import what is needed from the modules; this one stays empty, so that `refusals` can be had without SQLAlchemy.
"""
