/** Whose a socket is: the process that last sent or read on it, never whoever happened to run when a packet moved. */
import { assert, assertEquals } from "@std/assert";
import { exec } from "../host/exec.ts";
import type { ExchangeEvent } from "../model/kernel_event.ts";
import { kernelTest } from "../testing/kernel.ts";
import { hasNginx, startNginx } from "../testing/nginx.ts";
import { cannotRun, serving } from "../testing/serving.ts";
import { delay, only, type Seen, watched } from "../testing/watched.ts";

const noNode = await cannotRun("node", "--version", "apt-get install nodejs");
const WATCH = { probes: ["stream"] } as const;

const turns = (seen: Seen, port: number, role: ExchangeEvent["role"]) =>
  only(seen, "exchange", (event) =>
    event.phase === "first" && event.role === role &&
    (role === "client" ? event.tuple.dstPort : event.tuple.srcPort) === port);
const pids = (events: readonly ExchangeEvent[]) => [...new Set(events.map(({ owner }) => owner.pid))];

/** Servers that have two processes: each writes its port, its own pid and that of the one that answers. */
const SERVERS: Readonly<Record<string, string>> = {
  "reads nothing and only writes": `
    const net = require("node:net");
    const s = net.createServer({ pauseOnConnect: true }, (c) => setTimeout(() => c.end("HTTP/1.0 200 OK\\r\\n\\r\\nok"), 30));
    s.listen(0, "127.0.0.1", () => console.log(s.address().port + " " + process.pid));`,
  "accepts and passes the socket on (SCM_RIGHTS)": `
    const net = require("node:net"), { fork } = require("node:child_process");
    const answer = (c) => c.once("data", () => c.end("HTTP/1.0 200 OK\\r\\n\\r\\nok")).resume();
    if (process.send) process.on("message", (_, socket) => answer(socket));
    else {
      const child = fork(__filename);
      const s = net.createServer({ pauseOnConnect: true }, (c) => child.send("take", c));
      s.listen(0, "127.0.0.1", () => console.log(s.address().port + " " + child.pid));
    }`,
  "listens and lets another one accept (as systemd does)": `
    const net = require("node:net"), { fork } = require("node:child_process");
    const answer = (c) => c.once("data", () => c.end("HTTP/1.0 200 OK\\r\\n\\r\\nok")).resume();
    if (process.send) process.on("message", (_, server) => (server.on("connection", answer), process.send("ready")));
    else {
      const child = fork(__filename);
      const s = net.createServer().listen(0, "127.0.0.1", () => child.send("listen", s));
      child.on("message", () => { const { port } = s.address(); s.close(); console.log(port + " " + child.pid); });
    }`,
};

for (const [what, script] of Object.entries(SERVERS)) {
  kernelTest(`a server that ${what}: the socket is the one's that speaks`, async () => {
    const file = await Deno.makeTempFile({ suffix: ".cjs" });
    try {
      await Deno.writeTextFile(file, script);
      await using server = await serving(["node", file]);
      const speaker = Number(server.said.split(" ")[1]);
      const seen = await watched(async () => {
        for (let i = 0; i < 3; i++) await exec("curl", "-s", "-o", "/dev/null", `http://127.0.0.1:${server.port}/`);
      }, WATCH);
      const served = turns(seen, server.port, "server");
      assertEquals([served.length, pids(served)], [3, [speaker]]);
    } finally {
      await Deno.remove(file);
    }
  }, { needs: () => noNode });
}

kernelTest("a server forked beforehand: the worker's, not the master's", async () => {
  await using nginx = await startNginx({ upstream: 1 });
  const seen = await watched(async () => {
    for (let i = 0; i < 3; i++) await exec("curl", "-s", `http://127.0.0.1:${nginx.http}/`);
  }, WATCH);
  const served = turns(seen, nginx.http, "server");
  assertEquals(served.length, 3);
  const [worker] = pids(served);
  assert(worker !== nginx.master && (await exec("ps", "-o", "ppid=", "-p", `${worker}`)).trim() === `${nginx.master}`);
}, { needs: hasNginx });

kernelTest("a socket opened by a shell and used by its child is the child's", async () => {
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, () => new Response("ok"));
  const { port } = server.addr;
  let child = 0;
  const seen = await watched(async () => {
    const script = `exec 3<>/dev/tcp/127.0.0.1/${port}
      ( printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3; read -r line <&3; echo $BASHPID )`;
    child = Number(await exec("bash", "-c", script));
  }, WATCH);
  assertEquals(pids(turns(seen, port, "client")), [child]);
});

kernelTest("what leaves because a reader made room is not the reader's", async () => {
  // It writes 8 MB at once and never reads: all but the first part leaves when acknowledgements come, in the reader's time.
  const script = `const s = require("node:net").createServer((c) => c.write(Buffer.alloc(8e6, "x")));
    s.listen(0, "127.0.0.1", () => console.log(s.address().port));`;
  await using server = await serving(["node", "-e", script]);
  using conn = await Deno.connect({ port: server.port, hostname: "127.0.0.1" });
  await delay(100);
  const seen = await watched(async () => {
    await conn.write(new TextEncoder().encode("more\r\n")); // so that what comes is an answer
    const buffer = new Uint8Array(65536);
    for (let i = 0; i < 60; i++) {
      await conn.read(buffer);
      if (i % 20 === 0) await delay(25);
    }
  }, WATCH);
  const served = seen.events.filter((event) =>
    "tuple" in event && event.tuple.srcPort === server.port && "role" in event && event.role === "server"
  );
  assertEquals(served.filter(({ owner }) => owner.pid !== server.pid), []);
}, { needs: () => noNode });
