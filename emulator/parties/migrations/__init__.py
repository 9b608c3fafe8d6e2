"""How a database came to have its tables: one module for each change, run in order by alembic."""
