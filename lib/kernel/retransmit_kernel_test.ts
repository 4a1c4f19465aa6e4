/** Segments sent again, against TcpRetransSegs of the very namespace they were sent in. */
import { assert, assertEquals } from "@std/assert";
import { exec } from "../host/exec.ts";
import { kernelTest } from "../testing/kernel.ts";
import { only, watched } from "../testing/watched.ts";

const [NEAR, FAR] = ["sloctl-test-near", "sloctl-test-far"];
const REQUESTS = 60;

/** Two namespaces joined by a veth pair; a share of what arrives in FAR is dropped. */
class LossyLink implements AsyncDisposable {
  static async make(percent: number): Promise<LossyLink> {
    await LossyLink.remove();
    const far = (...argv: string[]) => exec("ip", "netns", "exec", FAR, ...argv);
    for (const name of [NEAR, FAR]) await exec("ip", "netns", "add", name);
    await exec("ip", "link", "add", "veth0", "netns", NEAR, "type", "veth", "peer", "name", "veth0", "netns", FAR);
    for (const [name, address] of [[NEAR, "10.99.7.1/24"], [FAR, "10.99.7.2/24"]] as const) {
      await exec("ip", "-n", name, "address", "add", address, "dev", "veth0");
      await exec("ip", "-n", name, "link", "set", "veth0", "up");
      await exec("ip", "-n", name, "link", "set", "lo", "up");
    }
    await far("nft", "add table ip loss; add chain ip loss in { type filter hook input priority 0; }");
    await far("nft", `add rule ip loss in tcp dport 7777 numgen random mod 100 < ${percent} drop`);
    return new LossyLink();
  }

  static async remove(): Promise<void> {
    for (const name of [NEAR, FAR]) await exec("ip", "netns", "del", name).catch(() => {});
  }

  [Symbol.asyncDispose](): Promise<void> {
    return LossyLink.remove();
  }
}

/** TcpRetransSegs of a namespace. */
async function retransSegs(namespace: string): Promise<number> {
  const snmp = await exec("ip", "netns", "exec", namespace, "cat", "/proc/net/snmp");
  const [names, values] = snmp.split("\n").filter((line) => line.startsWith("Tcp:")).map((line) => line.split(" "));
  return Number(values![names!.indexOf("RetransSegs")]);
}

const SERVER = `for await (const conn of Deno.listen({ hostname: "10.99.7.2", port: 7777 })) {
  (async () => { using _ = conn; const b = new Uint8Array(65536); try { while (await conn.read(b) !== null) await conn.write(new Uint8Array(100)); } catch { /* gone */ } })();
}`;
const CLIENT = `for (let i = 0; i < ${REQUESTS}; i++) {
  using conn = await Deno.connect({ hostname: "10.99.7.2", port: 7777 });
  await conn.write(new Uint8Array(4000)); await conn.read(new Uint8Array(100));
}`;

const inside = (namespace: string, script: string) =>
  new Deno.Command("ip", {
    args: ["netns", "exec", namespace, Deno.execPath(), "eval", script],
    stderr: "null",
    stdout: "null",
  });

kernelTest("segments sent again equal TcpRetransSegs, and belong to the process that owns the socket", async () => {
  await using _link = await LossyLink.make(8);
  const server = inside(FAR, SERVER).spawn();
  try {
    await new Promise((done) => setTimeout(done, 700));
    let counted = 0;
    let pid = 0;
    const seen = await watched(async () => {
      const before = await retransSegs(NEAR);
      const client = inside(NEAR, CLIENT).spawn();
      pid = client.pid;
      assert((await client.status).success, "every request was answered in the end");
      await new Promise((done) => setTimeout(done, 500)); // the last FIN may be lost as well
      counted = await retransSegs(NEAR) - before;
    });
    const ours = only(seen, "retransmit", (event) => event.tuple.dstPort === 7777);
    const segments = ours.reduce((sum, event) => sum + event.segments, 0);
    assert(counted > 0, "the link lost something");
    assertEquals([segments, seen.lost], [counted, 0], "exactly as many as the kernel counted");
    const owned = ours.filter((event) => event.owner.pid === pid);
    assertEquals(owned.length, ours.length, "all of them the client's");
    assert(ours.every((event) => (event.segmentsSent ?? 0) > 0), "beside what was sent");
  } finally {
    server.kill("SIGKILL");
    await server.status;
  }
}, { timeoutMs: 120_000 });
