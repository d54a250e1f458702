#!/bin/sh
# Makes Obole's three roles and its database. Run once, as PostgreSQL's superuser, on a server without them:
# the PostgreSQL image does so at its first start (compose.yaml), .ci/run on its throwaway server.
set -eu
psql --quiet --set ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres \
  --set owner_password="$OBOLE_OWNER_PASSWORD" --set web_password="$OBOLE_WEB_PASSWORD" <<'SQL'
CREATE ROLE obole_app NOLOGIN;
CREATE ROLE obole_owner LOGIN CREATEDB CREATEROLE PASSWORD :'owner_password';
CREATE ROLE obole_web LOGIN PASSWORD :'web_password';
GRANT obole_app TO obole_web;
CREATE DATABASE obole OWNER obole_owner;
SQL
