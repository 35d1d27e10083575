// The same for Node.js, by NODE_OPTIONS=--require: moves the contract's port to a free one.
const fs = require("node:fs");
const net = require("node:net");

const contract = Number(process.env.AGENTCORE_LOCAL_PORT || 0);
const file = process.env.AGENTCORE_LOCAL_PORT_FILE;
const listen = net.Server.prototype.listen;

net.Server.prototype.listen = function (...args) {
  const first = args[0];
  const options =
    typeof first === "object" && first !== null
      ? { ...first }
      : { port: Number(first), host: typeof args[1] === "string" ? args[1] : undefined };
  if (!contract || !file || options.port !== contract) return listen.apply(this, args);
  const callback = args.find((arg) => typeof arg === "function");
  if (callback) this.once("listening", callback);
  if ([undefined, "", "0.0.0.0", "::"].includes(options.host)) {
    this.once("listening", () => {
      fs.writeFileSync(`${file}.part`, `127.0.0.1 ${this.address().port}`);
      fs.renameSync(`${file}.part`, file);
    });
  }
  return listen.call(this, { ...options, host: "127.0.0.1", port: 0 });
};
