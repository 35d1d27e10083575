// Judges requests with @cloud-copilot/iam-simulate, which knows AWS's service authorization reference.
// Standard input: [{principal, account, action, resource, context, policies}, …].
// Prints "Allowed", "ImplicitlyDenied", "ExplicitlyDenied" or "error: …" for each.
import { text } from "node:stream/consumers";
import { runSimulation } from "@cloud-copilot/iam-simulate";

async function judge({ principal, account, action, resource, context, policies }) {
  const everything = { Effect: "Allow", Action: "*", Resource: "*" };
  const answer = await runSimulation(
    {
      request: {
        principal,
        action,
        resource: { resource, accountId: account },
        contextVariables: context,
      },
      identityPolicies: policies.map((policy, number) => ({ name: `${number}`, policy })),
      serviceControlPolicies: [
        {
          orgIdentifier: "account",
          policies: [{ name: "all", policy: { Version: "2012-10-17", Statement: [everything] } }],
        },
      ],
      resourceControlPolicies: [],
    },
    {},
  );
  return answer.overallResult ?? `error: ${JSON.stringify(answer.errors)}`;
}

const results = [];
for (const request of JSON.parse(await text(process.stdin))) results.push(await judge(request));
process.stdout.write(JSON.stringify(results));
