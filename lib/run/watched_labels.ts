import { type Label, LABELS } from "../model/split.ts";

/** Labels that an attached probe can fill. */
export function watchedLabels(attached: readonly string[]): Set<Label> {
  const needs: Partial<Record<Label, string>> = {
    dns: "dns_latency",
    connect: "connect_latency",
    tls: "tls_handshake",
    rtx_stall: "tcp_retransmit",
    send: "stream",
    provider: "stream",
    retrieval: "stream",
    runq: "runqueue_delay",
    throttled: "runqueue_delay",
  };
  return new Set(LABELS.filter((label) => (needs[label] === undefined || attached.includes(needs[label]))));
}
