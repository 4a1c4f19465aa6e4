/** What is still waiting: a hung peer gives no event at all, so silence has to be looked at. */
import { owner, tuple, u64 } from "../decode/fields.ts";
import { EXCHANGE_FLAG, WIRE } from "../decode/wire.gen.ts";
import type { ProbeSession } from "../kernel/session.ts";
import { endpoint } from "../report/format.ts";

export interface Waiting {
  readonly count: number;
  /** How long the oldest has been waiting. */
  readonly longestNs: number;
}

export interface Unanswered {
  readonly dns: Waiting;
  /** SYNs sent, and nothing came back. `longest`: who waits longest, for whom. */
  readonly connects: Waiting & { readonly longest: string };
  /** Requests sent by clients, without a byte of an answer. */
  readonly requests: Waiting;
  /** Block requests that have ended, but not before our eyes: counted when the next one takes their place. */
  readonly diskEndsUnseen: number;
  /** Block requests that are under way, or that ended unseen and whose place is still free. */
  readonly diskUnderWay: number;
}

/** Asks the kernel's tables; `nowNs` on its monotonic clock. */
export function unanswered(session: ProbeSession, nowNs: number): Unanswered {
  const dns: number[] = [];
  for (const { value } of session.values("dns_pending")) dns.push(u64(viewOf(value), WIRE.dns.start + WIRE.stamp.ns));
  const connects: number[] = [];
  let longest = "";
  for (const { value } of session.values("connecting")) {
    const view = viewOf(value);
    const since = u64(view, WIRE.event.size + WIRE.stamp.ns);
    const { dstIp, dstPort } = tuple(view, WIRE.event.size + WIRE.stamp.size);
    if (connects.every((other) => since < other)) longest = `${owner(view, 0).comm} for ${endpoint(dstIp, dstPort)}`;
    connects.push(since);
  }
  const requests: number[] = [];
  for (const { value } of session.values("conns")) {
    const view = viewOf(value);
    const server = view.getUint16(WIRE.event.flags, true) & EXCHANGE_FLAG.server;
    const owned = view.getUint32(WIRE.event.pid, true) !== 0;
    const asked = u64(view, WIRE.exchange.request_end + WIRE.stamp.ns);
    const answered = u64(view, WIRE.exchange.response_start + WIRE.stamp.ns);
    if (owned && !server && asked !== 0 && answered === 0) requests.push(asked);
  }
  return {
    dns: waiting(dns, nowNs),
    connects: { ...waiting(connects, nowNs), longest },
    requests: waiting(requests, nowNs),
    diskEndsUnseen: session.diskEndsUnseen(),
    diskUnderWay: [...session.values("requests")].length,
  };
}

function waiting(sinceNs: readonly number[], nowNs: number): Waiting {
  return { count: sinceNs.length, longestNs: sinceNs.reduce((longest, since) => Math.max(longest, nowNs - since), 0) };
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
