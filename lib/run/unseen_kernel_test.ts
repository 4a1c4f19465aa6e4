/** What cannot be looked into is said, process by process: nobody is left out in silence. */
import { assert, assertEquals } from "@std/assert";
import { Diagnosis } from "../diagnose/diagnosis.ts";
import { CONTEXT } from "../diagnose/fixture.ts";
import { TlsLibraries } from "../host/tls_library.ts";
import { processKey } from "../model/kernel_event.ts";
import { makeCertificates } from "../testing/certificates.ts";
import { kernelTest } from "../testing/kernel.ts";
import { cannotRun, serving } from "../testing/serving.ts";
import { delay } from "../testing/watched.ts";
import { watchKernel } from "./watch.ts";

const noNode = await cannotRun("node", "--version", "apt-get install nodejs");

/** Opens a connection to itself; when it gets SIGUSR2 it goes on over that, and talks in every way that is hard to see. */
const TALKER = `const [cert, key, path] = process.argv.slice(1);
const http = require("node:http"), https = require("node:https"), net = require("node:net"), read = require("node:fs").readFileSync;
const agent = new http.Agent({ keepAlive: true });
const plain = http.createServer((_, r) => r.end("ok")), secure = https.createServer({ cert: read(cert), key: read(key) }, (_, r) => r.end("ok"));
const local = net.createServer((c) => c.pipe(c));
const get = (m, port, more) => new Promise((done) => m.get({ host: "127.0.0.1", port, ...more }, (r) => r.resume().on("end", done)));
(async () => {
  for (const [s, at] of [[plain, 0], [secure, 0], [local, path]]) await new Promise((done) => s.listen(at, done));
  await get(http, plain.address().port, { agent });
  process.once("SIGUSR2", async () => {
    await get(http, plain.address().port, { agent });
    await get(https, secure.address().port, { rejectUnauthorized: false, agent: false });
    net.connect(path).end("hello").resume();
    require("node:dgram").createSocket("udp4").send("quic", 443, "127.0.0.1");
  });
  console.log(plain.address().port);
})();`;

kernelTest(
  "TLS, QUIC, UNIX sockets and older connections stand in coverage, with their process and the reason",
  async () => {
    using files = await makeCertificates(["server"]);
    const { cert, key } = files.of("server");
    await using talker = await serving(["node", "-e", TALKER, cert, key, `${files.ca}.sock`]);
    const libraries = new TlsLibraries();
    const diagnosis = new Diagnosis({ onTls: (owner) => libraries.note(processKey(owner), owner.pid) });
    using watch = watchKernel({ timers: false, steal: false, pids: [talker.pid] }, (event) => diagnosis.add(event));
    Deno.kill(talker.pid, "SIGUSR2");
    for (let i = 0; i < 250 && watch.unseen().length < 2; i++) await delay(20); // the last two that it does
    await delay(200);
    const unseen = watch.unseen();
    watch.finish();
    await libraries.search();
    const tlsLibrary = (owner: Parameters<typeof processKey>[0]) => libraries.name(processKey(owner));
    const { unprobed } = diagnosis.finish({ ...CONTEXT, unseen, tlsLibrary }).coverage;
    const who = `node[${talker.pid}]: `;
    const rows = unprobed.filter(({ what }) => what.startsWith(who)).map(({ what }) => what.slice(who.length));
    const [quic, tls, older, unix] = rows;
    assertEquals(quic, "1 packet of UDP to or from port 443 (QUIC, HTTP/3)");
    assert(/^2 TLS connections, OpenSSL/.test(tls ?? ""), tls);
    assertEquals(older, "2 connections older than the watch"); // both ends are its own
    assert(/^\d+ reads? from UNIX sockets$/.test(unix ?? ""), unix);
    assert(unprobed.every(({ reason }) => reason.length > 20));
  },
  { needs: () => noNode },
);
