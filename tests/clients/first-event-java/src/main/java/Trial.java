import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.toml.TomlMapper;
import com.fasterxml.uuid.Generators;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.generic.GenericRecordBuilder;
import org.apache.avro.message.BinaryMessageDecoder;
import org.apache.avro.message.BinaryMessageEncoder;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;

/** Sends good and bad events as a newcomer may, and says what became of each: one JSON line. */
public final class Trial {
  private static final String NIP = FirstEvent.NIP;
  private static final int LEARNERS = 12;

  private final JsonNode mine;
  private final KafkaProducer<byte[], byte[]> producer;
  private final BinaryMessageDecoder<GenericRecord> decoder;
  private final Schema course;
  private final Schema assessed;

  private Trial(Path credentials, Path folder) throws Exception {
    mine = new TomlMapper().readTree(credentials.toFile());
    producer = new KafkaProducer<>(FirstEvent.login(mine));
    decoder = FirstEvent.decoder(folder);
    course = new Schema.Parser().parse(folder.resolve("CourseCompleted.v1.avsc").toFile());
    assessed = new Schema.Parser().parse(folder.resolve("CompetencyAssessed.v1.avsc").toFile());
  }

  public static void main(String[] said) throws Exception {
    var trial = new Trial(Path.of(said[0]), Path.of(said[1]));
    trial.resends();
    trial.badBytes();
    trial.badEvents();
    trial.learners();
    trial.producer.close();
  }

  private void resends() throws Exception {
    GenericRecord event = event(NIP);
    send("good", NIP, encoded(event));
    send("same-again", NIP, encoded(event));
    event.put("jp_claimed", 1600L);
    send("other-content", NIP, encoded(event));
  }

  private void badBytes() throws Exception {
    byte[] good = encoded(event(NIP));
    send("no-avro", NIP, "hello".getBytes(StandardCharsets.UTF_8));
    send("truncated", NIP, Arrays.copyOf(good, good.length - 3));
    send("trailing", NIP, Arrays.copyOf(good, good.length + 1));
    good[2] ^= 1;
    send("unknown-fingerprint", NIP, good);
  }

  private void badEvents() throws Exception {
    send("other-key", "198001012005011001", encoded(event(NIP)));

    GenericRecord stranger = event(NIP);
    stranger.put("party", "somebody-else");
    send("wrong-party", NIP, encoded(stranger));

    send("impossible-nip", "199113422015032003", encoded(event("199113422015032003")));

    Schema competency = course.getField("competencies").schema().getElementType();
    GenericRecord leap = event(NIP);
    leap.put("competencies", List.of(new GenericRecordBuilder(competency)
        .set("id", "https://panrb.example/kompetensi/v1/M.02")
        .set("claimed_level", 9L)
        .build()));
    send("level-out-of-range", NIP, encoded(leap));

    send("role-not-allowed", NIP, encoded(new GenericRecordBuilder(assessed)
        .set("event_id", Generators.timeBasedEpochGenerator().generate().toString())
        .set("occurred_at", stranger.get("occurred_at"))
        .set("party", mine.get("party").asText())
        .set("learner", stranger.get("learner"))
        .set("competency", "https://panrb.example/kompetensi/v1/M.02")
        .set("level", 3L)
        .set("method", "assessment-center")
        .build()));
  }

  private void learners() throws Exception {
    for (int n = 1; n <= LEARNERS; n++) {
      String nip = "1991041220150320%02d".formatted(n);
      send("learner " + nip, nip, encoded(event(nip)));
    }
  }

  private GenericRecord event(String nip) {
    return FirstEvent.event(course, mine.get("party").asText(), nip);
  }

  private static byte[] encoded(GenericRecord event) throws Exception {
    return new BinaryMessageEncoder<>(GenericData.get(), event.getSchema()).encode(event).array();
  }

  private void send(String what, String key, byte[] value) throws Exception {
    var inbox = mine.at("/topics/inbox").asText();
    var message = new ProducerRecord<>(inbox, key.getBytes(StandardCharsets.UTF_8), value);
    GenericRecord receipt = FirstEvent.receiptOf(producer.send(message).get(), mine, decoder);
    ObjectNode line = new ObjectMapper().createObjectNode().put("case", what);
    for (String name : List.of("outcome", "reason", "field", "event_id")) {
      Object told = receipt.get(name);
      line.put(name, told == null ? "" : told.toString());
    }
    line.put("partition", (Long) receipt.get("partition"));
    line.put("position", (Long) receipt.get("position"));
    System.out.println(line);
  }
}
