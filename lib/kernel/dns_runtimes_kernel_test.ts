/**
 * Every resolver there is on this machine asks the same name server, in a network namespace of its own, at 127.0.0.53 or ::1: what the
 * server was asked is what the probe told, query by query. Programs of compiled languages are made on the spot, where the compiler is.
 */
import { assert, assertEquals } from "@std/assert";
import { exec } from "../host/exec.ts";
import type { DnsEvent } from "../model/kernel_event.ts";
import { kernelTest } from "../testing/kernel.ts";
import { type NameServer, nameServer } from "../testing/name_server.ts";
import { Namespace } from "../testing/netns.ts";
import { delay, only, type Seen, watched } from "../testing/watched.ts";
import { missingTool } from "../testing/unless.ts";

interface Resolver {
  readonly name: string;
  /** The compiler or runtime. */
  readonly tool: string;
  /** Makes what is to be run in `folder`; the names to resolve are added to it. */
  readonly program: (folder: string) => Promise<readonly string[]>;
}

const C = `#include <netdb.h>
int main(int n, char **name) {
  for (int i = 1; i < n; i++) {
    struct addrinfo *found = 0, how = {.ai_socktype = SOCK_STREAM};
    getaddrinfo(name[i], 0, &how, &found);
  }
}`;
const GO = `package main
import ("context"; "net"; "os")
func main() {
  for _, name := range os.Args[1:] { (&net.Resolver{PreferGo: true}).LookupHost(context.Background(), name) }
}`;
const JAVA = `class R { public static void main(String[] names) {
  for (String name : names) try { java.net.InetAddress.getAllByName(name); } catch (java.io.IOException none) {}
} }`;
const NODE = (call: string) =>
  `(async()=>{for(const n of process.argv.slice(1))await require('dns').promises.${call}.catch(()=>0)})()`;
const DENO = (call: string) => `for (const n of Deno.args) await ${call}.catch(() => 0)`;

/** Writes a source file and compiles it. */
async function compiled(folder: string, file: string, text: string, ...compiler: [string, ...string[]]) {
  await Deno.writeTextFile(`${folder}/${file}`, text);
  await exec(...compiler, `${folder}/${file}`);
}

const RESOLVERS: readonly Resolver[] = [
  {
    name: "glibc",
    tool: "clang",
    program: async (folder) => {
      await compiled(folder, "glibc.c", C, "clang", "-o", `${folder}/glibc`);
      return [`${folder}/glibc`];
    },
  },
  {
    name: "musl",
    tool: "musl-gcc",
    program: async (folder) => {
      await compiled(folder, "musl.c", C, "musl-gcc", "-static", "-o", `${folder}/musl`);
      return [`${folder}/musl`];
    },
  },
  {
    name: "go",
    tool: "go",
    program: async (folder) => {
      await compiled(folder, "r.go", GO, "env", "CGO_ENABLED=0", "go", "build", "-o", `${folder}/go`);
      return [`${folder}/go`];
    },
  },
  {
    name: "java",
    tool: "java",
    program: async (folder) => {
      await Deno.writeTextFile(`${folder}/R.java`, JAVA);
      return ["java", `${folder}/R.java`];
    },
  },
  { name: "lookup", tool: "node", program: () => Promise.resolve(["node", "-e", NODE("lookup(n,{all:true})")]) },
  { name: "cares", tool: "node", program: () => Promise.resolve(["node", "-e", NODE("resolve4(n)")]) },
  {
    name: "deno",
    tool: Deno.execPath(),
    program: () => Promise.resolve([Deno.execPath(), "eval", DENO('Deno.resolveDns(n, "A")')]),
  },
  {
    name: "denoconnect",
    tool: Deno.execPath(),
    program: () => Promise.resolve([Deno.execPath(), "eval", DENO("Deno.connect({ hostname: n, port: 1 })")]),
  },
];

/** A good name, one that does not exist, one whose answer must be fetched again over TCP: each bears its resolver's name. */
const namesOf = ({ name }: Resolver) => [`ok-${name}.test`, `nx-${name}.test`, `cut-${name}.test`];
/** A search list whose one suffix has no names: every name is asked for with it first. */
const SETTINGS = "search nowhere\noptions ndots:3 timeout:2 attempts:1\n";

const RCODES: Readonly<Record<string, number>> = { ok: 0, nx: 3, cut: 0 };

/** What is true of the queries of one name, whoever asked: see the table of RESOLVERS. */
function checkLookup(events: readonly DnsEvent[], label: string): void {
  assertEquals(new Set(events.map(({ resolution }) => resolution)).size, 1, `${label}: one look-up`);
  for (const event of events.filter(({ rcode }) => rcode !== null)) {
    assertEquals(event.rcode, event.queryName.endsWith(".nowhere") ? 3 : RCODES[label.split("-")[0]!], event.queryName);
    assertEquals(
      event.truncated,
      event.queryName === `${label}.test` && label.startsWith("cut") && event.tuple.protocol === "udp",
    );
  }
}

/** Runs them all, each with a resolver at `at`: in a mount namespace of its own, so that it finds it where programs look for it. */
async function resolveAll(resolvers: readonly Resolver[], folder: string, namespace: Namespace, at: string) {
  const settings = `${folder}/resolv.conf.${at}`;
  await Deno.writeTextFile(settings, `nameserver ${at}\n${SETTINGS}`);
  await Promise.all(resolvers.map(async (resolver) => {
    const argv = [...await resolver.program(folder), ...namesOf(resolver)];
    const shell = `mount --bind ${settings} /etc/resolv.conf && exec "$@"`;
    await namespace.command(["unshare", "-m", "sh", "-c", shell, "sh", ...argv], { env: { HOME: folder } }).output();
  }));
}

function checkAll(resolvers: readonly Resolver[], seen: Seen, server: NameServer, at: string): void {
  const told = only(seen, "dns", ({ tuple }) => tuple.dstIp === at);
  for (const resolver of resolvers) {
    const own = (name: string) => name.includes(`-${resolver.name}.test`);
    const events = told.filter(({ queryName }) => own(queryName));
    const ours = events.map(({ queryName, queryType, tuple }) => `${queryName} ${queryType} ${tuple.protocol}`);
    const theirs = server.asked.filter(({ name }) => own(name)).map(({ name, type, transport }) =>
      `${name} ${type} ${transport}`
    );
    assertEquals(ours.sort(), theirs.sort(), `${resolver.name} at ${at}`);
    assertEquals(new Set(events.map(({ owner }) => owner.pid)).size, 1, `${resolver.name}: one process`);
    assert(events.length >= 4, resolver.name);
    for (const name of namesOf(resolver)) {
      checkLookup(events.filter(({ queryName }) => queryName.startsWith(name)), name.replace(".test", ""));
    }
  }
}

const here: Resolver[] = [];
for (const resolver of RESOLVERS) if (await missingTool(resolver.tool, "") === null) here.push(resolver);
const missing = RESOLVERS.filter((resolver) => !here.includes(resolver)).map(({ name }) => name);
const without = missing.length === 0 ? "" : ` (not here: ${missing.join(", ")})`;

kernelTest(
  `every resolver's queries, IPv4 and IPv6, UDP and TCP, as the servers were asked them${without}`,
  async () => {
    const folder = await Deno.makeTempDir({ prefix: "sloctl-resolvers-" });
    try {
      await using namespace = await Namespace.make();
      await using v4 = await nameServer(namespace.name, ["127.0.0.53"]);
      await using v6 = await nameServer(namespace.name, ["::1"]);
      const seen = await watched(async () => {
        await resolveAll(here, folder, namespace, "127.0.0.53");
        await resolveAll(here, folder, namespace, "::1");
        await delay(6200); // a resolver that goes over to TCP does not wait for what it asked over UDP
      }, { probes: ["dns_latency"] });
      assertEquals(seen.lost, 0);
      checkAll(here, seen, v4, "127.0.0.53");
      checkAll(here, seen, v6, "::1");
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
  { timeoutMs: 120_000 },
);
