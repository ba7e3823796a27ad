#!/bin/bash
# At the first start of a primary: the role that a standby follows it as, and its way in.
set -euo pipefail
psql --quiet --set ON_ERROR_STOP=1 --username postgres --set password="$(cat /run/secrets/postgres-standby)" <<'SQL'
SET synchronous_commit = local; -- there is no standby yet that could confirm
CREATE ROLE standby LOGIN REPLICATION PASSWORD :'password';
SQL
echo 'host replication standby all scram-sha-256' >> "$PGDATA/pg_hba.conf"
