// Handshakes of unusual shape, for tests, by Node: serve JSON | get JSON. A server writes its port first.
//   serve {cert, key, ca?, starttls?, http2?, maxVersion?, ecdhCurve?}     with ca: wants a certificate of that authority
//   get {port, ca, cert?, key?, starttls?, split?, alpn?, http2?, maxVersion?, ecdhCurve?, times?}
// `split`: the first flight leaves in pieces of so many bytes. `times`: later connections resume the session of the first.
const { readFileSync } = require("node:fs");
const http2 = require("node:http2");
const net = require("node:net");
const { Duplex } = require("node:stream");
const tls = require("node:tls");

const [what, json] = process.argv.slice(2);
const o = JSON.parse(json);
const read = (path) => (path === undefined ? undefined : readFileSync(path));
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const ANSWER = `HTTP/1.1 200 OK\r\ncontent-length: 2000\r\n\r\n${"x".repeat(2000)}`;

function serve() {
  const options = {
    cert: read(o.cert),
    key: read(o.key),
    ca: read(o.ca),
    requestCert: o.ca !== undefined,
    rejectUnauthorized: o.ca !== undefined,
    maxVersion: o.maxVersion,
    ecdhCurve: o.ecdhCurve,
  };
  const secure = o.http2
    ? http2.createSecureServer(options, (_, response) => setTimeout(() => response.end("ok"), 40))
    : tls.createServer(options, (socket) => {
      socket.on("error", () => {});
      socket.once("data", () => setTimeout(() => socket.end(ANSWER), 40));
    });
  const listener = !o.starttls ? secure : net.createServer((plain) => {
    plain.once("data", () => {
      plain.write("go ahead\r\n");
      secure.emit("connection", plain);
    });
  });
  listener.listen(0, "127.0.0.1", () => process.stdout.write(`${listener.address().port}\n`));
}

/** A socket whose first write goes out in pieces, each a packet. */
function splitting(socket, size) {
  let first = true;
  socket.setNoDelay(true);
  const duplex = new Duplex({
    read() {},
    async write(chunk, _, done) {
      const step = first ? size : chunk.length;
      first = false;
      for (let i = 0; i < chunk.length; i += step) {
        socket.write(chunk.subarray(i, i + step));
        await pause(5);
      }
      done();
    },
    final: (done) => socket.end(done),
  });
  socket.on("data", (data) => duplex.push(data)).on("end", () => duplex.push(null)).on("close", () => duplex.destroy());
  return duplex;
}

async function once(session) {
  let socket = net.connect(o.port, "127.0.0.1");
  await new Promise((done, failed) => socket.once("connect", done).once("error", failed));
  if (o.starttls) {
    socket.write("STARTTLS\r\n");
    await new Promise((done) => socket.once("data", done));
    await pause(30);
  }
  if (o.split) socket = splitting(socket, o.split);
  const { maxVersion, ecdhCurve, alpn: ALPNProtocols } = o;
  const secure = tls.connect({
    socket,
    session,
    servername: "localhost",
    ca: read(o.ca),
    cert: read(o.cert),
    key: read(o.key),
    maxVersion,
    ecdhCurve,
    ALPNProtocols,
  });
  let next = session;
  secure.on("session", (given) => next = given);
  await new Promise((done, failed) => secure.once("secureConnect", done).once("error", failed));
  if (o.http2) {
    const session = http2.connect(`https://localhost:${o.port}`, { createConnection: () => secure });
    await new Promise((done, failed) => session.request().on("close", done).on("error", failed).resume());
    session.close();
    return [next, false];
  }
  const reused = secure.isSessionReused();
  secure.write("GET / HTTP/1.1\r\nhost: localhost\r\n\r\n");
  await new Promise((done, failed) => secure.once("close", done).once("error", failed).resume());
  return [next, reused];
}

async function get() {
  let session;
  for (let i = 0; i < (o.times ?? 1); i++) {
    const [next, reused] = await once(session);
    if (i > 0 && !reused) throw new Error("not resumed");
    session = next;
  }
}

if (what === "serve") serve();
else {
  get().catch((error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  });
}
