// TLS by the OpenSSL inside of Node, for tests: serve CERT KEY | get CA HOST:PORT TIMES. A server writes its port first,
// and answers /late after 60 ms.
const { readFileSync } = require("node:fs");
const tls = require("node:tls");

const [what, first, second, times] = process.argv.slice(2);

function serve(cert, key) {
  const server = tls.createServer({ cert: readFileSync(cert), key: readFileSync(key) }, (socket) => {
    socket.once("data", (head) => {
      const answer = () => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
      if (`${head}`.includes(" /late ")) setTimeout(answer, 60);
      else answer();
    });
    socket.on("error", () => {});
  });
  server.listen(0, "127.0.0.1", () => process.stdout.write(`${server.address().port}\n`));
}

function once(ca, host, port) {
  return new Promise((done, failed) => {
    const socket = tls.connect({ host, port, ca: readFileSync(ca), servername: "localhost" }, () => {
      socket.write("GET / HTTP/1.1\r\nhost: localhost\r\n\r\n");
    });
    socket.once("data", () => socket.end());
    socket.on("close", done).on("error", failed);
  });
}

async function get(ca, address, n) {
  const [host, port] = address.split(":");
  for (let i = 0; i < n; i++) await once(ca, host, port);
}

if (what === "serve") serve(first, second);
else get(first, second, Number(times)).catch(() => process.exitCode = 1);
