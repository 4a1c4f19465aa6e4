/**
 * Retries that a client library made inside one span: the span says one call, the kernel saw several. Pure.
 *
 * An attempt is an exchange, with the connect that opened its connection; a connection that was opened and never answered; or a
 * connect that failed. A connect without an exchange that overlaps one which has an exchange is the other half of a race between
 * addresses (IPv6 and IPv4), not an attempt. The kernel does not see a status: that an answer was a refusal follows from the next
 * attempt at the same peer.
 */

export interface Exchange {
  readonly kind: "exchange";
  /** The request was sent; the first byte of the answer came. */
  readonly startNs: number;
  readonly endNs: number;
  readonly conn: string;
  readonly peer: string;
}

export interface Connect {
  readonly kind: "connect";
  /** First SYN to established; for a failed one the moment it failed, twice. */
  readonly startNs: number;
  readonly endNs: number;
  readonly conn: string;
  readonly peer: string;
  readonly failed: boolean;
}

export interface Attempts {
  /** 1: no retry was seen. */
  readonly attempts: number;
  /** Between an attempt's end and the start of the next, together, in milliseconds. */
  readonly backoffMs: number;
  /** How the attempts before the last ended. */
  readonly answered: number;
  readonly unanswered: number;
  readonly failed: number;
  /** What the span says of it all, where there was a retry. */
  readonly outcome: "recovered" | "failed" | null;
}

interface Attempt {
  readonly startNs: number;
  readonly endNs: number;
  readonly peer: string;
  readonly end: "answered" | "unanswered" | "failed";
}

/** null where the kernel saw no attempt of it. */
export function attemptsOf(seen: readonly (Exchange | Connect)[], spanFailed: boolean): Attempts | null {
  const chain = lastCall(attemptsIn(seen));
  if (chain.length === 0) return null;
  const before = chain.slice(0, -1);
  const ended = (end: Attempt["end"]) => before.filter((attempt) => attempt.end === end).length;
  const gaps = before.map((attempt, i) => Math.max(0, chain[i + 1]!.startNs - attempt.endNs));
  return {
    attempts: chain.length,
    backoffMs: gaps.reduce((sum, ns) => sum + ns, 0) / 1e6,
    answered: ended("answered"),
    unanswered: ended("unanswered"),
    failed: ended("failed"),
    outcome: chain.length === 1 ? null : spanFailed ? "failed" : "recovered",
  };
}

function attemptsIn(seen: readonly (Exchange | Connect)[]): Attempt[] {
  const connects = seen.filter((one): one is Connect => one.kind === "connect");
  const exchanges = seen.filter((one): one is Exchange => one.kind === "exchange")
    .sort((a, b) => a.startNs - b.startNs);
  const used = new Set<Connect>();
  const attempts: Attempt[] = exchanges.map((exchange) => {
    const opened = connects.find((one) =>
      !one.failed && !used.has(one) && one.conn === exchange.conn && one.endNs <= exchange.endNs
    );
    if (opened !== undefined) used.add(opened);
    const { endNs, peer } = exchange;
    return { startNs: opened?.startNs ?? exchange.startNs, endNs, peer, end: "answered" };
  });
  for (const connect of connects) {
    if (used.has(connect)) continue;
    if (!connect.failed && raced(connect, used)) continue;
    const { startNs, endNs, peer, failed } = connect;
    attempts.push({ startNs, endNs, peer, end: failed ? "failed" : "unanswered" });
  }
  return attempts.sort((a, b) => a.startNs - b.startNs || a.endNs - b.endNs);
}

function raced(connect: Connect, winners: ReadonlySet<Connect>): boolean {
  return [...winners].some((one) => one.startNs <= connect.endNs && connect.startNs <= one.endNs);
}

/** The last attempt and those before it that were for the same thing: at the same peer, or at another after one that got no answer. */
function lastCall(attempts: readonly Attempt[]): readonly Attempt[] {
  let first = attempts.length - 1;
  while (first > 0) {
    const before = attempts[first - 1]!;
    const samePort = portOf(before.peer) === portOf(attempts[first]!.peer);
    const sameThing = before.peer === attempts[first]!.peer || before.end !== "answered" && samePort;
    if (!sameThing) break;
    first--;
  }
  return attempts.slice(Math.max(0, first));
}

function portOf(peer: string): string {
  return peer.slice(peer.lastIndexOf(":") + 1);
}
