"""The roles and the database that Obole expects, made by the superuser at every start when missing."""

import psycopg
from psycopg import sql

from config.embedded.places import APP_ROLE, DATABASE, OWNER_ROLE, WEB_ROLE

ROLES = {
    APP_ROLE: "NOLOGIN",
    OWNER_ROLE: "LOGIN CREATEDB CREATEROLE",
    WEB_ROLE: "LOGIN",
}


def prepare(superuser_url: str) -> None:
    """Make the roles `obole_app`, `obole_owner`, `obole_web` and the database `obole`; nothing where they exist."""
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        present = {name for (name,) in connection.execute("SELECT rolname FROM pg_roles")}
        for role, attributes in ROLES.items():
            if role not in present:
                connection.execute(sql.SQL("CREATE ROLE {} {}").format(sql.Identifier(role), sql.SQL(attributes)))
        connection.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(APP_ROLE), sql.Identifier(WEB_ROLE)))
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
        if found is None:
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(DATABASE), sql.Identifier(OWNER_ROLE))
            )
