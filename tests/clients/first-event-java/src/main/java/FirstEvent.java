import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.toml.TomlMapper;
import com.fasterxml.uuid.Generators;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.UUID;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.generic.GenericRecordBuilder;
import org.apache.avro.message.BinaryMessageDecoder;
import org.apache.avro.message.BinaryMessageEncoder;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Sends one event and says what became of it; its words are the credentials file and avsc. */
public final class FirstEvent {
  static final String NIP = "199104122015032003";

  public static void main(String[] said) throws Exception {
    JsonNode mine = new TomlMapper().readTree(Path.of(said[0]).toFile());
    Path folder = Path.of(said[1]);

    Schema course = new Schema.Parser().parse(folder.resolve("CourseCompleted.v1.avsc").toFile());
    GenericRecord event = event(course, mine.get("party").asText(), NIP);
    byte[] value = new BinaryMessageEncoder<>(GenericData.get(), course).encode(event).array();

    try (var producer = new KafkaProducer<byte[], byte[]>(login(mine))) {
      byte[] key = NIP.getBytes(StandardCharsets.UTF_8);
      String inbox = mine.at("/topics/inbox").asText();
      RecordMetadata sent = producer.send(new ProducerRecord<>(inbox, key, value)).get();
      System.out.printf("sent to partition %d at offset %d%n", sent.partition(), sent.offset());

      GenericRecord receipt = receiptOf(sent, mine, decoder(folder));
      Object answer = receipt.get(receipt.get("reason") == null ? "position" : "reason");
      System.out.println(receipt.get("outcome") + " " + answer);
    }
  }

  /** A course completed now; the builder gives what is left out its default. */
  static GenericRecord event(Schema course, String party, String nip) {
    Schema learner = course.getField("learner").schema();
    Schema activity = course.getField("activity").schema();
    UUID id = Generators.timeBasedEpochGenerator().generate(); // made once, kept if sent again
    return new GenericRecordBuilder(course)
        .set("event_id", id.toString())
        .set("occurred_at", ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now()))
        .set("party", party)
        .set("learner", new GenericRecordBuilder(learner).set("nip", nip).build())
        .set("activity", new GenericRecordBuilder(activity)
            .set("id", "https://pusdiklat.example/analisis")
            .set("name", Map.of("id", "Analisis Kebijakan"))
            .build())
        .set("jp_claimed", 3200L) // hundredths of a JP
        .build();
  }

  /** What Kafka's clients sign in with, and what a producer and a consumer of ours must say. */
  static Properties login(JsonNode mine) {
    JsonNode kafka = mine.get("kafka");
    var login = new Properties();
    login.put("bootstrap.servers", kafka.get("bootstrap_servers").asText());
    login.put("security.protocol", kafka.get("security_protocol").asText());
    login.put("sasl.mechanism", kafka.get("sasl_mechanism").asText());
    login.put("sasl.jaas.config", "org.apache.kafka.common.security.scram.ScramLoginModule required"
        + " username=\"%s\" password=\"%s\";".formatted(
            kafka.get("username").asText(), kafka.get("password").asText()));
    if (kafka.has("ssl_cafile")) {
      login.put("ssl.truststore.type", "PEM");
      login.put("ssl.truststore.location", kafka.get("ssl_cafile").asText());
    }
    login.put("acks", "all");
    login.put("enable.idempotence", "true");
    login.put("isolation.level", "read_committed");
    login.put("key.serializer", ByteArraySerializer.class);
    login.put("value.serializer", ByteArraySerializer.class);
    login.put("key.deserializer", ByteArrayDeserializer.class);
    login.put("value.deserializer", ByteArrayDeserializer.class);
    return login;
  }

  /** Reads receipts of every version of which there is an .avsc file, by their fingerprints. */
  static BinaryMessageDecoder<GenericRecord> decoder(Path folder) throws IOException {
    Schema known = new Schema.Parser().parse(folder.resolve("Receipt.v1.avsc").toFile());
    var decoder = new BinaryMessageDecoder<GenericRecord>(GenericData.get(), known);
    try (var files = Files.newDirectoryStream(folder, "Receipt.*.avsc")) {
      for (Path file : files) {
        decoder.addSchema(new Schema.Parser().parse(file.toFile()));
      }
    }
    return decoder;
  }

  static GenericRecord receiptOf(
      RecordMetadata sent, JsonNode mine, BinaryMessageDecoder<GenericRecord> decoder)
      throws IOException {
    var receipts = List.of(new TopicPartition(mine.at("/topics/receipts").asText(), 0));
    try (var consumer = new KafkaConsumer<byte[], byte[]>(login(mine))) {
      consumer.assign(receipts);
      consumer.seekToBeginning(receipts);
      Instant patience = Instant.now().plusSeconds(60);
      while (Instant.now().isBefore(patience)) {
        for (var message : consumer.poll(Duration.ofSeconds(1))) {
          GenericRecord receipt = decoder.decode(message.value());
          if (sent.topic().equals(receipt.get("topic").toString())
              && receipt.get("partition").equals((long) sent.partition())
              && receipt.get("offset").equals(sent.offset())) {
            return receipt;
          }
        }
      }
    }
    throw new IllegalStateException("no receipt within a minute; it may still come");
  }
}
