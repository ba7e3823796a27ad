#!/bin/bash
# Copies the primary once, whole or not at all, then follows it as its synchronous standby.
#   PRIMARY  the host to follow; its promoted standby needs none of this (docs/containers.md)
set -euo pipefail
umask 077
passfile=/tmp/standby.pass
echo "$PRIMARY:5432:*:standby:$(cat /run/secrets/postgres-standby)" > "$passfile"
primary="host=$PRIMARY user=standby application_name=standby passfile=$passfile"

if [ ! -s "$PGDATA/PG_VERSION" ]; then
  rm -rf "$PGDATA.new"
  pg_basebackup --pgdata="$PGDATA.new" --dbname="$primary" --checkpoint=fast
  touch "$PGDATA.new/standby.signal"
  mv "$PGDATA.new" "$PGDATA"
fi
exec postgres -c primary_conninfo="$primary" "${@:2}"
