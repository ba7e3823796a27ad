// What the AsyncAPI project's own parser says of a document, with Avro's schemas read as Avro.
import { readFileSync } from "node:fs";
import { AvroSchemaParser } from "@asyncapi/avro-schema-parser";
import { Parser } from "@asyncapi/parser";

const parser = new Parser();
parser.registerSchemaParser(AvroSchemaParser());
const { document, diagnostics } = await parser.parse(readFileSync(process.argv[2], "utf-8"));
const names = (found) => found.all().map((one) => one.id()).sort();
console.log(
  JSON.stringify({
    diagnostics: diagnostics.map(({ severity, code, message, path }) => ({
      severity,
      code,
      message,
      path: path.join("."),
    })),
    channels: document ? names(document.channels()) : [],
    operations: document ? names(document.operations()) : [],
    messages: document ? names(document.components().messages()) : [],
    payloads: document ? names(document.schemas()).length : 0,
  }),
);
