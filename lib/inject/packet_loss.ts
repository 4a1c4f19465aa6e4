import { exec, tryExec } from "../host/exec.ts";
import { IoError, UsageError } from "../model/errors.ts";
import type { Injected, Injector } from "./injector.ts";

/** One end of the path, in a named network namespace. */
export interface PathEnd {
  readonly netns: string;
  /** IPv4. */
  readonly ip: string;
}

/** The table in each of the two namespaces; whoever cleans up looks for this name's beginning. */
const TABLE = "sloctl_loss";
/** Parts of a whole in which the share is drawn: hundredths of a percent. */
const PARTS = 10_000;

/**
 * Packets between two namespaces are lost, in both directions, each with the same probability. Intensity in percent.
 *
 * They are dropped where they arrive: the sender has sent them and will send them again, so its own counters (TcpRetransSegs) see it.
 * A drop where they leave would be told to the sender at once, as a local congestion.
 *
 * @param server its TCP port names the path: other traffic of the two is left alone
 */
export function packetLoss(client: PathEnd, server: PathEnd & { readonly port: number }): Injector {
  const ends = [
    { netns: server.netns, match: `ip saddr ${client.ip} tcp dport ${server.port}` },
    { netns: client.netns, match: `ip saddr ${server.ip} tcp sport ${server.port}` },
  ];
  const remove = async () => {
    for (const { netns } of ends) await tryExec(...nft(netns, `delete table inet ${TABLE}`));
  };
  return {
    name: "packet_loss",
    unit: "%",
    async inject(percent, signal): Promise<Injected> {
      const parts = Math.round(percent / 100 * PARTS);
      if (!(parts >= 1 && parts <= PARTS)) {
        throw new UsageError(`Cannot lose "${percent} %" of packets: it must be from 0.01 to 100`);
      }
      signal?.throwIfAborted();
      await exec("nft", "--version"); // missing, it says which package to install
      try {
        for (const { netns, match } of ends) await exec(...nft(netns, rules(match, parts)));
      } catch (error) {
        await remove();
        throw new IoError(`Cannot lose packets to "${server.ip}:${server.port}": ${(error as Error).message}`);
      }
      return {
        description: `${percent} % of packets lost each way between ${client.ip} and ${server.ip}:${server.port}`,
        [Symbol.asyncDispose]: remove,
      };
    },
  };
}

/** In one transaction; a table that a killed injector left is replaced, not added to. */
function rules(match: string, parts: number): string {
  // nftables refuses a comparison that always holds.
  const share = parts === PARTS ? "" : `numgen random mod ${PARTS} < ${parts}`;
  return [
    `add table inet ${TABLE}`,
    `delete table inet ${TABLE}`,
    `add table inet ${TABLE}`,
    `add chain inet ${TABLE} arriving { type filter hook input priority 0; policy accept; }`,
    `add rule inet ${TABLE} arriving ${match} ${share} counter drop`,
  ].join("\n");
}

function nft(netns: string, commands: string): [string, ...string[]] {
  return ["ip", "netns", "exec", netns, "nft", commands];
}
