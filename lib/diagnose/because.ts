/** What the rest of the run says about why: is it the other end, the network, or only here? Nothing where it does not say. */
import type { SignalName } from "../model/signals.ts";
import { ms, plural } from "../report/format.ts";
import type { RunElsewhere } from "./elsewhere.ts";
import type { Row } from "./row.ts";

/** The network is no cause of what takes this many round trips, and the cause of what takes few. */
const MANY_TRIPS = 10;
const FEW_TRIPS = 2;
const MUCH_QUICKER = 5;
/** With so many losses for each occurrence the network is not above suspicion. */
const LOSSY = 0.1;

/** Who may be slow, by kind, and the round trips that it takes by itself. */
const OTHER_END: Readonly<Partial<Record<SignalName, readonly [who: string, trips: number]>>> = {
  dns_latency_ms: ["the resolver", 1],
  stream_ttft_ms: ["the server", 1],
  tls_handshake_ms: ["one of the two ends", 2],
};

/** `; the resolver 10.0.0.10 is slow, not the network (RTT 0.30 ms)`, or "". */
export function because(row: Row, elsewhere: RunElsewhere): string {
  const { kind, peer, role } = row.key;
  if (peer === null || role === "server" || !(kind in OTHER_END || kind === "connect_latency_ms")) return "";
  const lost = elsewhere.lost(peer.ip);
  if (lost >= LOSSY * row.series.count) {
    return kind === "dns_latency_ms"
      ? `; ${plural(lost, "query", "queries")} to it got no answer at all`
      : `; ${plural(lost, "segment")} to it had to be sent again`;
  }
  const p50 = row.series.quantile(0.5);
  const [who, trips] = OTHER_END[kind] ?? [];
  if (who !== undefined && trips !== undefined) {
    const name = kind === "dns_latency_ms" ? `${who} ${peer.ip}` : who;
    const rtt = elsewhere.roundTripMs(peer.ip);
    if (rtt !== null && p50 >= MANY_TRIPS * trips * rtt) return `; ${name} is slow, not the network (RTT ${ms(rtt)})`;
    if (rtt !== null && p50 <= FEW_TRIPS * trips * rtt) return `; the network is slow (RTT ${ms(rtt)})`;
    const { min } = row.series;
    if (rtt === null && p50 >= MANY_TRIPS * trips * min) {
      return `; ${name} is slow, not the network: the quickest took ${ms(min)}`;
    }
  }
  const others = elsewhere.otherPeers(row);
  return others === null || p50 < MUCH_QUICKER * others.p50 ? "" : `; elsewhere it took ${ms(others.p50)} (median)`;
}
