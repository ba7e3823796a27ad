#!/bin/bash
# Makes the data folder at the first start, then starts the server as the user `postgres`.
# Heeds POSTGRES_PASSWORD or its _FILE, POSTGRES_INITDB_ARGS, POSTGRES_HOST_AUTH_METHOD and the
# *.sh of /docker-entrypoint-initdb.d; all else of the official image's is left out.
set -euo pipefail

if [ "$(id -u)" = 0 ]; then
  install -d -o postgres -g postgres -m 0700 "$PGDATA"
  chown postgres:postgres /var/run/postgresql
  exec setpriv --reuid postgres --regid postgres --init-groups "$0" "$@"
fi

if [ "$1" = postgres ] && [ ! -s "$PGDATA/PG_VERSION" ]; then
  export PGPASSWORD=${POSTGRES_PASSWORD:-$(cat "${POSTGRES_PASSWORD_FILE:?no password is given}")}
  eval "initdb --pgdata='$PGDATA' --username=postgres --pwfile=<(echo \"\$PGPASSWORD\") ${POSTGRES_INITDB_ARGS:-}" >/dev/null
  echo "host all all all ${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}" >> "$PGDATA/pg_hba.conf"
  pg_ctl --pgdata="$PGDATA" --wait --options="-c listen_addresses=" start >/dev/null
  for script in /docker-entrypoint-initdb.d/*.sh; do
    if [ -e "$script" ]; then POSTGRES_USER=postgres bash "$script"; fi
  done
  pg_ctl --pgdata="$PGDATA" --wait --mode=fast stop >/dev/null
  unset PGPASSWORD
fi
exec "$@"
