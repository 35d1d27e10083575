// AWS's JavaScript clients of both planes: makes a runtime, lists, reads, calls and deletes it.
// Standard input: {create: parameters of CreateAgentRuntime, tokenRuntime: ARN of a runtime that wants a token}.
// Prints what each step gave; for what is refused, the error's name and status.
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import * as control from "@aws-sdk/client-bedrock-agentcore-control";
import * as data from "@aws-sdk/client-bedrock-agentcore";

const { create, tokenRuntime } = JSON.parse(await text(process.stdin));
const controlPlane = new control.BedrockAgentCoreControlClient({});
const dataPlane = new data.BedrockAgentCoreClient({});
const given = {};

async function refused(call) {
  try {
    await call();
  } catch (error) {
    return { name: error.name, status: error.$metadata?.httpStatusCode, message: error.message };
  }
  throw new Error("the call was not refused");
}

async function invoke(client, agentRuntimeArn) {
  const answer = await client.send(
    new data.InvokeAgentRuntimeCommand({
      agentRuntimeArn,
      qualifier: "DEFAULT",
      payload: new TextEncoder().encode(JSON.stringify({ prompt: "hello" })),
    }),
  );
  return { session: answer.runtimeSessionId, body: await answer.response.transformToString() };
}

given.created = await controlPlane.send(new control.CreateAgentRuntimeCommand(create));
const { agentRuntimeId, agentRuntimeArn } = given.created;
const get = () => controlPlane.send(new control.GetAgentRuntimeCommand({ agentRuntimeId }));
const deadline = Date.now() + 60_000;
while ((given.read = await get()).status === "CREATING" && Date.now() < deadline) await sleep(200);

const listed = [];
for await (const page of control.paginateListAgentRuntimes({ client: controlPlane }, {})) {
  listed.push(...page.agentRuntimes.map((runtime) => runtime.agentRuntimeId));
}
given.listed = listed;

given.answer = await invoke(dataPlane, agentRuntimeArn);
given.refused = {
  tokenRuntime: await refused(() => invoke(dataPlane, tokenRuntime)),
  wrongKey: await refused(async () => {
    const { accessKeyId } = await dataPlane.config.credentials();
    const credentials = { accessKeyId, secretAccessKey: "not the secret of this key" };
    await invoke(new data.BedrockAgentCoreClient({ credentials }), agentRuntimeArn);
  }),
  invalid: await refused(() => {
    const changed = { ...create, agentRuntimeName: "a-b", clientToken: undefined };
    return controlPlane.send(new control.CreateAgentRuntimeCommand(changed));
  }),
};

given.deleted = await controlPlane.send(new control.DeleteAgentRuntimeCommand({ agentRuntimeId }));
while (Date.now() < deadline) {
  try {
    await get();
    await sleep(200);
  } catch (error) {
    given.refused.gone = { name: error.name, status: error.$metadata?.httpStatusCode };
    break;
  }
}
process.stdout.write(JSON.stringify(given));
