"""PostgreSQL and Valkey without installing them: both from wheels, in a data folder, on unix sockets only.

`hold` (in `client`) starts them, or joins the ones that already run for the same folder, and gives their addresses.
A keeper process (`python -m config.embedded`) owns the two servers and stops them when its last user has gone,
however it went: users hold a lock on a file, and the kernel drops a dead process's locks.

For development, demos and tests. In production set DATABASE_URL and REDIS_URL, and nothing here is imported.
"""
