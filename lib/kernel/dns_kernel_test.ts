/** DNS queries by dig, UDP and TCP, against a server in a network namespace of its own that says all that servers may say. */
import { assert, assertEquals } from "@std/assert";
import { kernelTest } from "../testing/kernel.ts";
import { nameServer } from "../testing/name_server.ts";
import { Namespace } from "../testing/netns.ts";
import { missingTool } from "../testing/unless.ts";
import { only, watched } from "../testing/watched.ts";

const HINT = "apt-get install bind9-dnsutils";
const noDig = await missingTool("dig", HINT);

/** Other tests may run beside this one. */
const OWN = `dns-${Deno.pid}.test`;

/** Label -> response code; see lib/testing/name_server.ts. */
const SAID = { Ok: 0, nx: 3, fail: 2, late: 0, bare: 5, spoof: 0, vers: 16, split: 0 } as const;

kernelTest("every query is one event with its name, type and the server's whole response code", async () => {
  await using namespace = await Namespace.make();
  await using server = await nameServer(namespace.name, ["127.0.0.53", "::1"]);
  const seen = await watched(async () => {
    for (const label of [...Object.keys(SAID), "cut"]) {
      await namespace.tryRun("dig", "+tries=1", "+time=2", "@127.0.0.53", `${label}.${OWN}`, "A");
      await namespace.tryRun("dig", "+tries=1", "+time=2", "+tcp", "@::1", `${label}.${OWN}`, "AAAA");
    }
  }, { probes: ["dns_latency"] });
  assertEquals(seen.lost, 0);
  const events = only(seen, "dns", ({ queryName }) => queryName.endsWith(OWN));
  const cut = events.filter(({ queryName }) => queryName === `cut.${OWN}`);
  assertEquals(cut.map(({ tuple, truncated, answers }) => [tuple.protocol, truncated, answers]), [
    ["udp", true, 0],
    ["tcp", false, 1],
    ["tcp", false, 1],
  ]);
  assertEquals(cut[0]!.resolution, cut[1]!.resolution);
  const line = (name: string, type: number, rcode: number, ip: string) => `${name}.${OWN} ${type} ${rcode} ${ip}`;
  assertEquals(
    events.filter((event) => !cut.includes(event))
      .map(({ queryName, queryType, rcode, tuple }) =>
        line(queryName.replace(`.${OWN}`, ""), queryType, rcode!, `${tuple.protocol} ${tuple.dstIp}:${tuple.dstPort}`)
      ),
    Object.entries(SAID).flatMap(([label, rcode]) => [
      line(label, 1, rcode, "udp 127.0.0.53:53"),
      line(label, 28, rcode, "tcp ::1:53"),
    ]),
  );
  assertEquals(server.asked.length, events.length);
  for (const { owner, tsNs, startNs, queryName } of events) {
    assert(/^(dig|isc-net-0000)$/.test(owner.comm), owner.comm);
    assert(tsNs - startNs >= (queryName.startsWith("late") ? 49.5e6 : 1), queryName);
  }
}, { needs: () => noDig });
