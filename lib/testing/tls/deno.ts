/**
 * TLS by rustls, which Deno is built on, for tests: serve CERT KEY | get CA HOST:PORT TIMES. A server writes its port first, and
 * answers /late after 60 ms.
 */

const encoder = new TextEncoder();
const [what, first = "", second = "", times] = Deno.args;

async function answer(conn: Deno.TlsConn): Promise<void> {
  using _ = conn;
  const head = new Uint8Array(4096);
  await conn.read(head);
  if (new TextDecoder().decode(head).includes(" /late ")) await new Promise((done) => setTimeout(done, 60));
  await conn.write(encoder.encode("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"));
}

async function serve(cert: string, key: string): Promise<void> {
  using listener = Deno.listenTls({
    hostname: "127.0.0.1",
    port: 0,
    cert: Deno.readTextFileSync(cert),
    key: Deno.readTextFileSync(key),
  });
  Deno.stdout.writeSync(encoder.encode(`${listener.addr.port}\n`));
  while (true) await listener.accept().then(answer).catch(() => {});
}

async function get(ca: string, address: string, n: number): Promise<void> {
  const [host, port] = address.split(":");
  const caCerts = [Deno.readTextFileSync(ca)];
  for (let i = 0; i < n; i++) {
    using conn = await Deno.connectTls({ hostname: host!, port: Number(port), caCerts });
    await conn.write(encoder.encode("GET / HTTP/1.1\r\nhost: localhost\r\n\r\n"));
    await conn.read(new Uint8Array(4096));
  }
}

if (what === "serve") await serve(first, second);
else await get(first, second, Number(times)).catch(() => Deno.exitCode = 1);
