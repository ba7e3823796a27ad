#!/bin/bash
# Starts a broker of the apache/kafka image with SCRAM and ACLs on from the first second.
#   ADVERTISED     host:port by which clients outside reach it
#   INSIDE         host:port by which containers beside it reach it
#   PASSWORD_FILE  file with the password of the user `operator`
# One of several, each its own controller, also takes NODE (its number), VOTERS (all of them),
# CONTROLLER (where to listen for them, empty for everywhere), CLUSTER_ID, REPLICATION and MIN_ISR.
set -euo pipefail
umask 077

PASSWORD=$(tr -d '\n' < "${PASSWORD_FILE:-/run/secrets/kafka-operator}")
SETTINGS=/tmp/server.properties
sed -e "s|@PASSWORD@|$PASSWORD|g" \
    -e "s|@ADVERTISED@|${ADVERTISED:-localhost:9092}|" \
    -e "s|@INSIDE@|${INSIDE:-localhost:9094}|" \
    -e "s|@NODE@|${NODE:-1}|" \
    -e "s|@VOTERS@|${VOTERS:-1@localhost:9093}|" \
    -e "s|@CONTROLLER@|${CONTROLLER-localhost}|" \
    -e "s|@REPLICATION@|${REPLICATION:-1}|" \
    -e "s|@MIN_ISR@|${MIN_ISR:-1}|" \
    "$(dirname "$0")/server.properties" > "$SETTINGS"

if [ ! -e /var/lib/kafka/data/meta.properties ]; then
  # In a file, so that the password stands in no process list.
  printf '%s\n' "SCRAM-SHA-512=[name=operator,password=$PASSWORD]" > /tmp/scram
  /opt/kafka/bin/kafka-storage.sh format --config "$SETTINGS" --add-scram @/tmp/scram \
    --cluster-id "${CLUSTER_ID:-$(/opt/kafka/bin/kafka-storage.sh random-uuid)}" > /dev/null
  rm /tmp/scram
fi
exec /opt/kafka/bin/kafka-server-start.sh "$SETTINGS"
