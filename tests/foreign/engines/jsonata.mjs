// Evaluates [{expression, variables}, …] of standard input with the reference engine of JSONata.
// Prints one of {value}, {undefined: true} and {error} for each.
import { text } from "node:stream/consumers";
import jsonata from "jsonata";

async function evaluate({ expression, variables }) {
  try {
    const compiled = jsonata(expression);
    // Step Functions adds $parse; what it adds beside (random numbers, hashes) no definition uses.
    compiled.registerFunction("parse", JSON.parse, "<s:x>");
    const value = await compiled.evaluate(undefined, variables);
    return value === undefined ? { undefined: true } : { value };
  } catch (error) {
    return { error: `${error.code}: ${error.message}` };
  }
}

const results = [];
for (const given of JSON.parse(await text(process.stdin))) results.push(await evaluate(given));
process.stdout.write(JSON.stringify(results));
