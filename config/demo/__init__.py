"""`make demo`: all of Obole on this machine under one supervisor.

Embedded PostgreSQL and Valkey (unless DATABASE_URL and REDIS_URL are set), then the Procfile: each process is
restarted with a growing pause when it dies, none outlives the supervisor, and what a killed supervisor left is cleared
at the next start.
"""
