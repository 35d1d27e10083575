// Asks AWS's language service for Amazon States Language what it has to say about each definition
// of standard input (a list of texts). Prints the messages of each.
import { text } from "node:stream/consumers";
import asl from "amazon-states-language-service";

const service = asl.getLanguageService({});

async function messages(definition, number) {
  const document = asl.TextDocument.create(`${number}.asl.json`, "asl", 1, definition);
  const found = await service.doValidation(document, service.parseJSONDocument(document));
  return found.map(({ range, message }) => `line ${range.start.line + 1}: ${message}`);
}

const definitions = JSON.parse(await text(process.stdin));
process.stdout.write(JSON.stringify(await Promise.all(definitions.map(messages))));
