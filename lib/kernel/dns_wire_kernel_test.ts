/** DNS as it may come over the wire: sockets connected and not, addresses that lie, ids used twice, messages in pieces. */
import { assert, assertEquals } from "@std/assert";
import { createServer } from "node:net";
import { tryExec } from "../host/exec.ts";
import { Datagrams, dnsAnswer, dnsQuery, framed } from "../testing/dns_query.ts";
import { kernelTest } from "../testing/kernel.ts";
import { nameServer } from "../testing/name_server.ts";
import { Namespace } from "../testing/netns.ts";
import { missingTool } from "../testing/unless.ts";
import { delay, only, type Seen, watched } from "../testing/watched.ts";

/** All of 127.0.0.0/8 is this machine, and nobody else listens on port 53 of these. */
const SERVER = "127.53.54.1";
const OTHER = "127.53.54.2";
const noDig = await missingTool("dig", "apt-get install bind9-dnsutils");
const NOBODY = "127.53.54.3";
const SILENT = "127.53.54.4";

/** Answers at once, from another address first where the name says so. */
async function wireServer(): Promise<AsyncDisposable> {
  const stack = new AsyncDisposableStack();
  const server = stack.use(await Datagrams.bound(SERVER, 53));
  const other = stack.use(await Datagrams.bound(OTHER, 53));
  stack.use(await Datagrams.bound(SILENT, 53));
  for (const [socket, elsewhere] of [[server, other], [other, server]] as const) {
    socket.socket.on("message", async (data, { address, port }) => {
      const query = new Uint8Array(data);
      const name = new TextDecoder().decode(query);
      if (name.includes("liar")) {
        await elsewhere.send(
          new Uint8Array([...dnsAnswer(query).subarray(0, 3), 3, ...query.subarray(4)]),
          address,
          port,
        );
      }
      if (name.includes("both") && socket === other) return;
      await socket.send(dnsAnswer(query), address, port);
    });
  }
  return stack;
}

const told = (seen: Seen) => only(seen, "dns", ({ tuple }) => tuple.dstIp.startsWith("127.53.54."));

kernelTest("sockets connected and not, IPv4 in IPv6 clothes, two servers, an answer from the wrong one", async () => {
  await using _server = await wireServer();
  const seen = await watched(async () => {
    await using connected = await Datagrams.bound("0.0.0.0");
    await using free = await Datagrams.bound("0.0.0.0");
    await using six = await Datagrams.bound("::");
    await connected.connect(SERVER);
    await connected.send(dnsQuery(1, "connected.test"));
    await free.send(dnsQuery(1, "free.test"), SERVER); // the same id on another socket
    await six.send(dnsQuery(1, "mapped.test"), `::ffff:${SERVER}`);
    await free.send(dnsQuery(2, "liar.test"), SERVER);
    await free.send(dnsQuery(3, "both.test"), SERVER);
    await free.send(dnsQuery(3, "both.test"), OTHER); // one query, two servers
    await free.send(dnsQuery(4, "AbC.TeSt"), SERVER);
    await delay(60);
  }, { probes: ["dns_latency"] });
  assertEquals(seen.lost, 0);
  assertEquals(
    told(seen).map(({ queryName, queryId, rcode, packets, tuple }) =>
      `${queryName} ${queryId} ${rcode} ${packets} ${tuple.dstIp}`
    )
      .sort(),
    [
      `AbC.TeSt 4 0 1 ${SERVER}`,
      `both.test 3 0 2 ${SERVER}`,
      `connected.test 1 0 1 ${SERVER}`,
      `free.test 1 0 1 ${SERVER}`,
      `liar.test 2 0 1 ${SERVER}`,
      `mapped.test 1 0 1 ${SERVER}`,
    ],
  );
});

kernelTest(
  "an id used again for another question, nobody who listens, no answer, an asker that died, the longest name",
  async () => {
    await using _server = await wireServer();
    const longest = [...new Array(3).fill("x".repeat(63)), "y".repeat(61)].join(".");
    await using kept = await Datagrams.bound("0.0.0.0");
    const seen = await watched(async () => {
      await kept.send(dnsQuery(12, "never.test"), SILENT);
      {
        await using free = await Datagrams.bound("0.0.0.0");
        await free.send(dnsQuery(7, "first.test"), SILENT);
        await free.send(dnsQuery(7, "second.test"), SERVER);
        await free.send(dnsQuery(8, longest, 28), SERVER);
        await free.send(dnsQuery(10, "shut.test"), SILENT);
        await delay(50);
      } // its socket is closed
      await tryExec("dig", "-u", "+tries=1", "+time=1", `@${NOBODY}`, "refused.test");
      const asking = new Deno.Command("dig", {
        args: ["+tries=1", "+time=9", `@${SILENT}`, "killed.test"],
        stdout: "null",
      });
      const asker = asking.spawn();
      await delay(300);
      asker.kill("SIGKILL");
      await asker.status;
      await delay(6100);
      await kept.send(dnsQuery(11, "waiting.test"), SILENT); // nobody knows yet how this one ends: it is not told
    }, { probes: ["dns_latency"] });
    const all = told(seen);
    assertEquals(
      all.map((e) => `${e.queryName} ${e.queryType} ${e.rcode} ${e.abandoned} ${e.errno}`).sort(),
      [
        "first.test 1 null true 0",
        "killed.test 1 null true 0",
        "never.test 1 null false 0",
        "refused.test 1 null false 111",
        "second.test 1 0 false 0",
        "shut.test 1 null true 0",
        `${longest} 28 0 false 0`,
      ],
    );
    assertEquals(longest.length, 253);
    const took = (name: string) =>
      all.filter(({ queryName }) => queryName === name).map((e) => (e.tsNs - e.startNs) / 1e6);
    assertEquals(took("never.test"), [5000]);
    const [shut = NaN, killed = NaN] = [...took("shut.test"), ...took("killed.test")];
    assert(shut >= 49 && shut < 1000, `shut after ${shut} ms`);
    assert(killed >= 100 && killed < 2000, `killed after ${killed} ms`);
    assert(took("refused.test")[0]! < 1000, "refused at once, not after the time-out");
  },
);

/** Answers every message on a connection; the answers to what came in one piece go out in one piece. */
async function streamServer(): Promise<AsyncDisposable> {
  const server = createServer((socket) => {
    let held = new Uint8Array();
    socket.setNoDelay(true);
    socket.on("error", () => {});
    socket.on("data", (data) => {
      held = new Uint8Array([...held, ...data as Uint8Array]);
      const answers: number[] = [];
      while (held.length > 2 && held.length >= 2 + (held[0]! << 8 | held[1]!)) {
        const end = 2 + (held[0]! << 8 | held[1]!);
        answers.push(...framed(dnsAnswer(held.subarray(2, end))));
        held = held.slice(end);
      }
      if (answers.length > 0) socket.write(new Uint8Array(answers));
    });
  });
  await new Promise<void>((done) => server.listen(53, SERVER, () => done()));
  return { [Symbol.asyncDispose]: () => new Promise((done) => server.close(() => done())) };
}

const PIPELINED = 100;

kernelTest("TCP: 100 queries in one write, one at a time, and a few cut up anyhow", async () => {
  await using _server = await streamServer();
  const names = (what: string) => Array.from({ length: PIPELINED }, (_, i) => `${what}${i}.pipeline.test`);
  const messages = (what: string) => names(what).map((name, i) => framed(dnsQuery(i + 1, name)));
  const pieces = names("cut").slice(0, 5).flatMap((name, i) => [...framed(dnsQuery(i + 1, name))]);
  const seen = await watched(async () => {
    for (const what of ["at-once", "one-by-one", "cut"]) {
      using conn = await Deno.connect({ hostname: SERVER, port: 53 });
      conn.setNoDelay(true);
      if (what === "at-once") await conn.write(new Uint8Array(messages(what).flatMap((one) => [...one])));
      if (what === "one-by-one") { for (const message of messages(what)) await conn.write(message); }
      if (what === "cut") {
        for (let from = 0, size = 1; from < pieces.length; from += size, size = size % 13 + 1) {
          await conn.write(new Uint8Array(pieces.slice(from, from + size)));
          await delay(1);
        }
      }
      await delay(100);
    }
  }, { probes: ["dns_latency"] });
  assertEquals(seen.lost, 0);
  const all = told(seen);
  assert(all.every(({ tuple, rcode }) => tuple.protocol === "tcp" && rcode === 0));
  for (const [what, count] of [["at-once", PIPELINED], ["one-by-one", PIPELINED], ["cut", 5]] as const) {
    const got = all.map(({ queryName }) => queryName).filter((name) => name.startsWith(what));
    assertEquals(got.sort(), names(what).slice(0, count).sort(), what);
  }
});

kernelTest("behind address translation a query and its answer still meet, at the address that was asked", async () => {
  await using namespace = await Namespace.make();
  await using server = await nameServer(namespace.name, ["127.0.0.77"]);
  await namespace.rules(
    "add table ip nat",
    "add chain ip nat out { type nat hook output priority -100; }",
    "add rule ip nat out ip daddr 127.0.0.11 udp dport 53 dnat to 127.0.0.77:53",
    "add rule ip nat out ip daddr 127.0.0.11 tcp dport 53 dnat to 127.0.0.77:53",
    "add rule ip nat out ip daddr 127.0.0.12 udp dport 53 dnat to 127.0.0.77:5399",
  );
  const script = `import { Datagrams, dnsAnswer, dnsQuery } from "${import.meta.resolve("../testing/dns_query.ts")}";
    await using high = await Datagrams.bound("127.0.0.77", 5399);
    high.socket.on("message", (query, { address, port }) => high.send(dnsAnswer(new Uint8Array(query)), address, port));
    await using free = await Datagrams.bound("0.0.0.0");
    await using connected = await Datagrams.bound("0.0.0.0");
    await connected.connect("127.0.0.11");
    await connected.send(dnsQuery(1, "connected.test"));
    await free.send(dnsQuery(2, "free.test"), "127.0.0.11");
    await free.send(dnsQuery(3, "high.test"), "127.0.0.12");
    await new Promise((done) => setTimeout(done, 200));`;
  const seen = await watched(async () => {
    await namespace.run("dig", "+tcp", "+tries=1", "+time=2", "@127.0.0.11", "stream.test");
    await namespace.run(Deno.execPath(), "eval", script);
  }, { probes: ["dns_latency"] });
  const events = only(
    seen,
    "dns",
    ({ tuple, queryName }) => tuple.dstIp.startsWith("127.0.0.1") && queryName.endsWith(".test"),
  );
  assertEquals(
    events.map(({ queryName, rcode, tuple }) => `${queryName} ${rcode} ${tuple.dstIp}:${tuple.dstPort}`).sort(),
    [
      "connected.test 0 127.0.0.11:53",
      "free.test 0 127.0.0.11:53",
      "high.test 0 127.0.0.12:53",
      "stream.test 0 127.0.0.11:53",
    ],
  );
  assertEquals(server.asked.length, 3);
}, { needs: () => noDig });
