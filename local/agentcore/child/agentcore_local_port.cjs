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
  const anywhere = [undefined, "", "0.0.0.0", "::"].includes(options.host);
  const elsewhere = options.port !== contract;
  if (!contract || !file || !Number.isInteger(options.port) || (elsewhere && !anywhere)) {
    return listen.apply(this, args);
  }
  const callback = args.find((arg) => typeof arg === "function");
  if (callback) this.once("listening", callback);
  // Whatever else it listens on is no business of the network's.
  if (elsewhere) return listen.call(this, { ...options, host: "127.0.0.1" });
  if (anywhere) {
    this.once("listening", () => {
      fs.writeFileSync(`${file}.part`, `127.0.0.1 ${this.address().port}`);
      fs.renameSync(`${file}.part`, file);
    });
  }
  return listen.call(this, { ...options, host: "127.0.0.1", port: 0 });
};
