#!/bin/bash
# As Kafka's own: KAFKA_HEAP_OPTS and KAFKA_OPTS count; what it says goes to stdout.
exec java ${KAFKA_HEAP_OPTS:--Xmx1G -Xms1G} -XX:+UseSerialGC -XX:+ExitOnOutOfMemoryError \
  -Dlog4j2.configurationFile=/opt/kafka/config/log4j2.properties -Dlog4j2.disableJmx=true \
  ${KAFKA_OPTS:-} -cp '/opt/kafka/libs/*' kafka.Kafka "$@"
