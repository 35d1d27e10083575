// An agent for Node.js: nothing but its own modules and the service contract.
const http = require("node:http");
const said = (request, done) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => done(Buffer.concat(chunks).toString()));
};
http.createServer((request, response) => said(request, (text) => {
  const answer = request.method === "GET"
    ? { status: "Healthy" }
    : { answer: `echo of ${JSON.parse(text).prompt} by Node ${process.versions.node}` };
  response.setHeader("Content-Type", "application/json");
  response.end(JSON.stringify(answer));
})).listen(8080, "0.0.0.0");
