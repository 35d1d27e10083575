// The TypeScript MCP client against an MCP runtime or an MCP gateway.
// Standard input: {url, token, wrongToken, tool}. Prints the tools, the answer of that tool, and how calls without a good token end.
import { text } from "node:stream/consumers";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const { url, token, wrongToken, tool } = JSON.parse(await text(process.stdin));

async function connected(headers) {
  const client = new Client({ name: "test", version: "1" });
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }));
  return client;
}

async function refused(headers) {
  try {
    await connected(headers);
  } catch (error) {
    return { name: error.constructor.name, code: error.code, message: error.message };
  }
  throw new Error("the client was let in");
}

const client = await connected({ Authorization: `Bearer ${token}` });
const { tools } = await client.listTools();
const called = await client.callTool({ name: tool, arguments: { text: "straße" } });
const server = client.getServerVersion();
await client.close();
process.stdout.write(
  JSON.stringify({
    server,
    tools: tools.map((tool) => tool.name),
    content: called.content,
    withoutToken: await refused({}),
    withWrongToken: await refused({ Authorization: `Bearer ${wrongToken}` }),
  }),
);
