#!/bin/bash
# Starts the broker of the apache/kafka image with SCRAM and ACLs on from the first second.
#   ADVERTISED  host:port by which clients outside reach it
#   INSIDE      host:port by which containers beside it reach it
#   PASSWORD_FILE  file with the password of the user `operator`
set -euo pipefail
umask 077

PASSWORD=$(tr -d '\n' < "${PASSWORD_FILE:-/run/secrets/kafka-operator}")
SETTINGS=/tmp/server.properties
sed -e "s|@PASSWORD@|$PASSWORD|g" \
    -e "s|@ADVERTISED@|${ADVERTISED:-localhost:9092}|" \
    -e "s|@INSIDE@|${INSIDE:-localhost:9094}|" \
    "$(dirname "$0")/server.properties" > "$SETTINGS"

if [ ! -e /var/lib/kafka/data/meta.properties ]; then
  # In a file, so that the password stands in no process list.
  printf '%s\n' "SCRAM-SHA-512=[name=operator,password=$PASSWORD]" > /tmp/scram
  /opt/kafka/bin/kafka-storage.sh format --cluster-id "$(/opt/kafka/bin/kafka-storage.sh random-uuid)" \
    --config "$SETTINGS" --add-scram @/tmp/scram > /dev/null
  rm /tmp/scram
fi
exec /opt/kafka/bin/kafka-server-start.sh "$SETTINGS"
