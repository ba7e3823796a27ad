import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.apache.avro.AvroRuntimeException;
import org.apache.avro.Schema;
import org.apache.avro.SchemaCompatibility;
import org.apache.avro.SchemaNormalization;

/**
 * What Avro's own Java says, one JSON object a line: {@code compatibility CASES OUT} who can read
 * whom; {@code forms FOLDER OUT} the parsing canonical form and CRC-64-AVRO (in the byte order of
 * the wire) of every .avsc file of a folder. `make verdicts` runs it.
 */
public final class Verdicts {
  private static final ObjectMapper JSON = new ObjectMapper();

  public static void main(String[] said) throws Exception {
    try (var out = new PrintStream(said[2], StandardCharsets.UTF_8)) {
      switch (said[0]) {
        case "compatibility" -> compatibility(Path.of(said[1]), out);
        case "forms" -> forms(Path.of(said[1]), out);
        default -> throw new IllegalArgumentException("compatibility CASES OUT | forms FOLDER OUT");
      }
    }
  }

  private static void compatibility(Path cases, PrintStream out) throws IOException {
    for (JsonNode pair : JSON.readTree(cases.toFile())) {
      ObjectNode line = JSON.createObjectNode();
      line.put("name", pair.get("name").asText());
      line.set("one_reads_other", verdict(pair.get("one"), pair.get("other")));
      line.set("other_reads_one", verdict(pair.get("other"), pair.get("one")));
      out.println(line);
    }
  }

  /** The faults as [kind, place in the reader]; none where everything can be read. */
  private static ArrayNode verdict(JsonNode reader, JsonNode writer) {
    ArrayNode faults = JSON.createArrayNode();
    Schema into = parsed(reader.toString());
    Schema from = parsed(writer.toString());
    try {
      var result = SchemaCompatibility.checkReaderWriterCompatibility(into, from).getResult();
      for (var fault : result.getIncompatibilities()) {
        faults.addArray().add(fault.getType().name()).add(fault.getLocation());
      }
    } catch (AvroRuntimeException refused) {
      faults.addArray().add("AMBIGUOUS").add("");
    }
    return faults;
  }

  private static void forms(Path folder, PrintStream out) throws Exception {
    List<Path> files;
    try (Stream<Path> found = Files.list(folder)) {
      files = found.filter(path -> path.toString().endsWith(".avsc")).sorted().toList();
    }
    for (Path file : files) {
      Schema schema = parsed(Files.readString(file));
      byte[] crc = SchemaNormalization.parsingFingerprint("CRC-64-AVRO", schema);
      ObjectNode line = JSON.createObjectNode();
      line.put("file", file.getFileName().toString());
      line.put("crc", HexFormat.of().formatHex(crc));
      line.put("form", SchemaNormalization.toParsingForm(schema));
      out.println(line);
    }
  }

  private static Schema parsed(String text) {
    return new Schema.Parser().parse(text);
  }
}
