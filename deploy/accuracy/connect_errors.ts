/** connect_errors_total against curl, which says in words why the kernel refused it, between two network namespaces. */
import { Link } from "../../lib/testing/netns.ts";
import { only, watched } from "../../lib/testing/watched.ts";
import { type Comparison, lacks, type Measurement, repeats } from "./measure.ts";

/** A kind of failure, as curl's words have it (those of strerror), and its errno. */
const KINDS = [
  { what: "nobody listens", url: `http://${Link.FAR}:81/`, words: "Connection refused", errno: 111 },
  { what: "no route: connect() itself fails", url: "http://10.1.1.1/", words: "Network is unreachable", errno: 101 },
  { what: "no route over IPv6", url: "http://[fd77::1]/", words: "Network is unreachable", errno: 101 },
  { what: "a router says there is no such host", url: "http://10.57.0.1/", words: "No route to host", errno: 113 },
  { what: "every SYN is lost", url: `http://${Link.FAR}:82/`, words: "Connection timed out", errno: 110 },
] as const;

/** The reason curl gives on standard error; empty: it gave none. */
async function saidBy(link: Link, url: string): Promise<string> {
  const { stderr } = await link.near.command(["curl", "-sv", "-o", "/dev/null", url], { stderr: "piped" }).output();
  return /(?:failed|Immediate connect fail for [^ ]+): ([^\n\r]+)/.exec(new TextDecoder().decode(stderr))?.[1] ?? "";
}

export const connectErrors: Measurement = {
  name: "connect_errors_total",
  needs: () => lacks("curl") ?? lacks("ip", "apt-get install iproute2") ?? lacks("nft", "apt-get install nftables"),
  measure: async () => {
    await using link = await Link.make();
    await link.near.run("sysctl", "-qw", "net.ipv4.tcp_syn_retries=1");
    await link.near.run("ip", "route", "add", "unreachable", "10.57.0.0/16");
    await link.far.rules(
      "add table ip f",
      "add chain ip f in { type filter hook input priority 0; }",
      "add rule ip f in tcp dport 82 drop",
    );
    const all: Comparison[] = [];
    for (const { what, url, words, errno } of KINDS) {
      const n = errno === 110 ? 2 : repeats(8);
      let theirs = 0;
      const seen = await watched(async () => {
        for (let i = 0; i < n; i++) if (await saidBy(link, url) === words) theirs++;
      }, { probes: ["connect_latency"] });
      const ours = only(seen, "connect", (event) => event.owner.comm === "curl" && event.errno === errno).length;
      all.push({
        signal: "connect_errors_total",
        what: `${what} (${words})`,
        oracle: "curl -v",
        n,
        stat: "count",
        unit: "count",
        ours,
        theirs: theirs === 0 ? NaN : theirs,
        allowed: 0,
      });
    }
    return all;
  },
};
