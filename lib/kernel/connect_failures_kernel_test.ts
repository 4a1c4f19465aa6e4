/**
 * Connects that fail in every way there is, in namespaces of their own: what the kernel told the program is what the probe tells, once each,
 * with the address the program gave.
 */
import { assert, assertEquals } from "@std/assert";
import { exec } from "../host/exec.ts";
import type { ConnectEvent } from "../model/kernel_event.ts";
import { kernelTest } from "../testing/kernel.ts";
import { Link, type Namespace } from "../testing/netns.ts";
import { missingTool } from "../testing/unless.ts";
import { delay, only, type Seen, watched } from "../testing/watched.ts";

const PROBES = ["connect_latency"] as const;
const EINPROGRESS = 115;
const ECANCELED = 125;
/** The kernel did not say why: see lib/run/watch_connects.ts. */
const UNKNOWN = 4095;
const noClang = await missingTool("clang", "apt-get install clang");

/** lib/testing/connect.c, compiled. */
class Connector implements AsyncDisposable {
  private constructor(readonly folder: string) {}

  static async make(): Promise<Connector> {
    const folder = await Deno.makeTempDir({ prefix: "sloctl-connect-" });
    await exec("clang", "-O1", "-o", `${folder}/connector`, new URL("../testing/connect.c", import.meta.url).pathname);
    return new Connector(folder);
  }

  /** Does one after the other. Returns what the kernel told the program: `ADDRESS PORT HOW ERRNO`. */
  async run(namespace: Namespace, words: string): Promise<string[]> {
    return (await namespace.run(`${this.folder}/connector`, ...words.trim().split(/\s+/))).trim().split("\n");
  }

  start(namespace: Namespace, words: string): Deno.ChildProcess {
    return namespace.command([`${this.folder}/connector`, ...words.split(" ")], { stdout: "piped" }).spawn();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Deno.remove(this.folder, { recursive: true });
  }
}

const connects = (seen: Seen): ConnectEvent[] => only(seen, "connect", ({ owner }) => owner.comm === "connector");

/** A link whose far end serves port 80, drops 82, and forbids 84; whose near end has two ports, and routes that lead nowhere. */
async function badLink(): Promise<Link> {
  const link = await Link.make();
  await link.near.run("sysctl", "-qw", "net.ipv4.tcp_syn_retries=1", "net.ipv4.ip_local_port_range=40000 40001");
  await link.near.run("ip", "route", "add", "prohibit", "10.55.0.0/16");
  await link.near.run("ip", "route", "add", "unreachable", "10.57.0.0/16");
  await link.far.rules(
    "add table ip f",
    "add chain ip f in { type filter hook input priority 0; }",
    "add rule ip f in tcp dport 82 drop",
    "add rule ip f in tcp dport 84 reject with icmp type admin-prohibited",
  );
  return link;
}

const SERVE =
  `const held = []; for await (const conn of Deno.listen({ hostname: "${Link.FAR}", port: 80 })) held.push(conn);`;

kernelTest(
  "each failure is told as the program hears it: refused, unreachable, forbidden, no port left, timed out, given up",
  async () => {
    await using connector = await Connector.make();
    await using link = await badLink();
    const server = link.far.command([Deno.execPath(), "eval", SERVE]).spawn();
    try {
      await link.far.listens(80);
      let said: string[] = [];
      const seen = await watched(async () => {
        said = await connector.run(
          link.near,
          `10.99.7.2 81 block  10.99.7.2 81 poll  ::ffff:10.99.7.2 81 block  10.99.7.2 81 twice  0.0.0.0 85 block
         10.1.1.1 80 block  10.1.1.1 80 poll  fd77::1 80 block  ::ffff:10.1.1.1 80 block  255.255.255.255 80 block
         10.55.0.1 80 block  10.57.0.1 80 poll  10.99.7.2 84 block
         10.1.1.1 80 fastopen  10.99.7.2 82 block  10.99.7.2 82 give_up  127.0.0.1 40000 block
         10.99.7.2 80 hold  10.99.7.2 80 hold  10.99.7.2 80 block  10.99.7.2 80 poll  10.99.7.2 80 fastopen`,
        );
        await delay(2200); // what nobody saw returning is looked for once a second
      }, { probes: PROBES });
      assertEquals(seen.lost, 0);
      const heard = said.map((line) => {
        const [address = "", port, how, errno] = line.split(" ");
        const ip = address.replace("::ffff:", "").replace("0.0.0.0", "127.0.0.1");
        // Only a kernel that lets its functions be traced says why this one failed.
        const known = how !== "fastopen" || Number(errno) === 0 ? Number(errno) : UNKNOWN;
        return `${ip}:${port} ${known === EINPROGRESS ? ECANCELED : known}`;
      });
      const told = connects(seen).map(({ tuple, errno }) => `${tuple.dstIp}:${tuple.dstPort} ${errno}`);
      assertEquals(told, heard);
      for (const code of [0, 13, 99, 101, 110, 111, 113, ECANCELED, UNKNOWN]) {
        assert(told.some((line) => line.endsWith(` ${code}`)), `${code} was among them: ${told}`);
      }
      const netns = new Set(connects(seen).map(({ owner }) => owner.netns));
      assert(netns.size === 1 && !netns.has(0), "all of the one namespace");
      const timedOut = connects(seen).find(({ errno }) => errno === 110)!;
      assert(timedOut.tsNs - timedOut.startNs > 2.5e9, "two SYNs, and their time");
    } finally {
      server.kill("SIGKILL");
      await server.status;
    }
  },
  { needs: () => noClang },
);

kernelTest(
  "a process that dies while it connects gave up; an interface that goes away is what the kernel makes of it",
  async () => {
    await using connector = await Connector.make();
    await using link = await badLink();
    let said = "";
    const seen = await watched(async () => {
      const killed = connector.start(link.near, "10.99.7.2 82 block");
      const stays = connector.start(link.near, "10.99.7.2 82 block");
      const waiting = async () => (await link.near.run("cat", "/proc/net/tcp")).match(/:0052 02 /g)?.length ?? 0; // SYN_SENT
      for (let i = 0; i < 200 && await waiting() < 2; i++) await delay(20);
      killed.kill("SIGKILL");
      await killed.stdout.cancel();
      await exec("ip", "-n", link.near.name, "link", "del", "veth0");
      said = new TextDecoder().decode((await stays.output()).stdout).trim();
    }, { probes: PROBES });
    const told = connects(seen).map(({ tuple, errno }) => `${tuple.dstIp} ${tuple.dstPort} block ${errno}`);
    assertEquals(told, [`10.99.7.2 82 block ${ECANCELED}`, said]);
  },
  { needs: () => noClang },
);

kernelTest("a full table of connects is counted", async () => {
  const ROOM = 8192; // of `connecting`, bpf/connect_latency.bpf.c
  const MANY = 8400;
  await using connector = await Connector.make();
  await using link = await badLink();
  await link.near.run("sysctl", "-qw", "net.ipv4.ip_local_port_range=20000 60000");
  const seen = await watched(async () => {
    await link.near.run(`${connector.folder}/connector`, "10.99.7.2", "82", String(MANY));
    await delay(500);
  }, { probes: PROBES, comm: "connector" });
  const told = connects(seen);
  assertEquals([told.length, seen.lost], [ROOM, MANY - ROOM]);
  assert(told.every(({ errno, tuple }) => errno === ECANCELED && tuple.dstPort === 82));
}, { needs: () => noClang });
