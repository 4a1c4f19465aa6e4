/** Connects and first bytes, counted exactly and compared with curl. */
import { assert, assertEquals } from "@std/assert";
import { exec, tryExec } from "../host/exec.ts";
import type { Tuple } from "../model/kernel_event.ts";
import { kernelTest } from "../testing/kernel.ts";
import { only, watched } from "../testing/watched.ts";

const CONNECTS = 23;

kernelTest("23 connects of short-lived processes are 23 connect events and 23 turns at either end", async () => {
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, () => new Response("ok"));
  const port = server.addr.port;
  const seen = await watched(async () => {
    for (let i = 0; i < CONNECTS; i++) await exec("curl", "-s", `http://127.0.0.1:${port}/`);
  }, { probes: ["connect_latency", "stream"] });
  assertEquals(seen.lost, 0);
  const connects = only(seen, "connect", ({ tuple }) => tuple.dstPort === port);
  assertEquals(connects.map(({ errno }) => errno), new Array(CONNECTS).fill(0));
  assertEquals(new Set(connects.map(({ owner }) => owner.pid)).size, CONNECTS);
  for (const { owner, tuple, cookie } of connects) {
    assertEquals([owner.comm, tuple.dstIp, tuple.srcIp, tuple.protocol], ["curl", "127.0.0.1", "127.0.0.1", "tcp"]);
    assert(cookie !== "0" && owner.netns > 0 && tuple.srcPort > 0);
  }
  for (const phase of ["first", "end"] as const) {
    const turns = only(seen, "exchange", (event) => event.phase === phase);
    const client = turns.filter(({ role, tuple }) => role === "client" && tuple.dstPort === port);
    assertEquals(client.length, CONNECTS, `client, ${phase}`);
    assertEquals(client.filter(({ owner, turn }) => owner.comm === "curl" && turn === 0).length, CONNECTS);
    assertEquals(new Set(client.map(({ cookie }) => cookie)), new Set(connects.map(({ cookie }) => cookie)));
    const server = turns.filter(({ role, tuple }) => role === "server" && tuple.srcPort === port);
    assertEquals(server.length, CONNECTS, `server, ${phase}`);
    assertEquals(server.filter(({ owner }) => owner.pid === Deno.pid).length, CONNECTS);
  }
});

kernelTest("requests on one kept connection are turns of one cookie, numbered", async () => {
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, () => new Response("ok"));
  const url = `http://127.0.0.1:${server.addr.port}/`;
  const seen = await watched(async () => {
    await exec("curl", "-s", url, url, url, url, url);
  }, { comm: "curl" });
  const ours = ({ tuple }: { tuple: Tuple }) => tuple.dstPort === server.addr.port;
  assertEquals(only(seen, "connect", ours).length, 1);
  const first = only(seen, "exchange", (event) => event.phase === "first" && ours(event));
  assertEquals(first.map(({ turn }) => turn), [0, 1, 2, 3, 4]);
  assertEquals(new Set(first.map(({ cookie }) => cookie)).size, 1);
  assert(seen.events.every(({ owner }) => owner.comm === "curl"), "--comm lets only curl through");
});

kernelTest("a refused connect is one ECONNREFUSED, over IPv4 and IPv6", async () => {
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const { port } = listener.addr;
  listener.close(); // nobody listens there now
  const seen = await watched(async () => {
    await tryExec("curl", "-s", `http://127.0.0.1:${port}/`);
    await tryExec("curl", "-s", `http://[::1]:${port}/`);
  });
  const connects = only(seen, "connect", ({ tuple }) => tuple.dstPort === port);
  assertEquals(connects.map(({ errno, tuple }) => [errno, tuple.dstIp]), [[111, "127.0.0.1"], [111, "::1"]]);
});
