/** The kernel events of a service's own processes: a trace names whoever took part in it, on every side of every connection. */
import type { KernelEvent } from "../../model/kernel_event.ts";
import type { Span } from "../../model/span.ts";

/** All events where no span's process is among them: it does not say its pid, or says that of its own namespace. */
export function ownEvents(
  events: readonly KernelEvent[],
  spans: readonly Span[],
  service: string,
): readonly KernelEvent[] {
  const pids = new Set(
    spans.filter(({ resource }) => resource["service.name"] === service).map(({ resource }) =>
      Number(resource["process.pid"] ?? 0)
    ).filter((pid) => pid > 0),
  );
  const known = events.some(({ kind, owner }) => kind === "exchange" && pids.has(owner.pid));
  return known ? events.filter(({ kind, owner }) => kind === "steal" || pids.has(owner.pid)) : events;
}
