/** Connects and first bytes, counted exactly and compared with curl. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { exec, tryExec } from "../host/exec.ts";
import type { Tuple } from "../model/kernel_event.ts";
import { kernelTest } from "../testing/kernel.ts";
import { delay, median, only, type Seen, watched } from "../testing/watched.ts";

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

/** What curl says of its own request, and what we say of it, in ms. */
async function firstBytes(url: string, times: number): Promise<{ curl: number[]; ours: number[]; seen: Seen }> {
  const curl: number[] = [];
  const seen = await watched(async () => {
    for (let i = 0; i < times; i++) {
      const timing = await exec("curl", "-so", "/dev/null", "-w", "%{time_starttransfer} %{time_pretransfer}", url);
      const [start = NaN, pre = NaN] = timing.split(" ").map(Number);
      curl.push((start - pre) * 1000);
    }
  });
  const port = Number(new URL(url).port);
  const turns = only(
    seen,
    "exchange",
    ({ phase, tuple, owner }) => phase === "first" && tuple.dstPort === port && owner.comm === "curl",
  );
  return { curl, ours: turns.map((turn) => (turn.responseStart!.ns - turn.requestStart.ns) / 1e6), seen };
}

kernelTest("the first byte of Debian's nginx agrees with curl's own figure within 1 ms", async () => {
  // Behind it something that takes its time, so that there is something to agree on.
  await using slow = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async () => {
    await delay(120);
    return new Response("late");
  });
  await using nginx = await startNginx(slow.addr.port);
  for (const path of ["/", "/slow"]) {
    const { curl, ours } = await firstBytes(`http://127.0.0.1:${nginx.port}${path}`, 5);
    assertEquals(ours.length, 5);
    const off = median(ours.map((value, i) => Math.abs(value - curl[i]!)));
    assert(off < 1, `${path}: curl said ${curl}, we said ${ours} (ms)`);
    if (path === "/slow") assertAlmostEquals(median(ours), 120, 15);
  }
}, { needs: () => hasNginx() ? null : "nginx is not installed" });

function hasNginx(): boolean {
  try {
    return Deno.statSync("/usr/sbin/nginx").isFile;
  } catch {
    return false;
  }
}

/** Debian's nginx with a configuration of its own: a file at `/`, and `/slow` handed on to `upstream`. */
async function startNginx(upstream: number): Promise<AsyncDisposable & { readonly port: number }> {
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const { port } = listener.addr;
  listener.close();
  const folder = await Deno.makeTempDir({ prefix: "sloctl-nginx-" });
  await Deno.chmod(folder, 0o755); // its workers are nobody
  await Deno.writeTextFile(`${folder}/index.html`, "hello\n");
  const temp = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) =>
    `${name}_temp_path ${folder}/${name};`
  );
  await Deno.writeTextFile(
    `${folder}/nginx.conf`,
    `daemon off; worker_processes 1; pid ${folder}/pid; error_log ${folder}/error.log;
     events {} http { access_log off; ${temp.join(" ")} server { listen 127.0.0.1:${port}; root ${folder};
     location /slow { proxy_pass http://127.0.0.1:${upstream}; } } }`,
  );
  const child = new Deno.Command("/usr/sbin/nginx", {
    args: ["-c", `${folder}/nginx.conf`, "-e", `${folder}/error.log`],
    stdin: "null",
  }).spawn();
  for (let i = 0; i < 100 && await tryExec("curl", "-so", "/dev/null", `http://127.0.0.1:${port}/`) === null; i++) {
    await delay(20);
  }
  return {
    port,
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await child.status;
      await Deno.remove(folder, { recursive: true });
    },
  };
}
