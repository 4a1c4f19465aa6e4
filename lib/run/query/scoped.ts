/** A store as the bearer of one namespace's token sees it: without what names another. What names none is everybody's. */
import { probeEventOf } from "../../export/probe_event_log.ts";
import type { LogRecord } from "../../model/log_record.ts";
import type { MetricPoint } from "../../model/metric_point.ts";
import type { Span } from "../../model/span.ts";
import type { Entry, NewEntry, Store } from "../../store/store.ts";

/** What `scoped` reads of a store. */
export type Readable = Pick<Store, "after" | "ofTrace" | "newest" | "byId" | "onCommit" | "state">;

/** As a resource says it; of a log record that holds a probe event, as that does. "": it names none. */
export function recordNamespace(record: Span | LogRecord | MetricPoint): string {
  if ("metric" in record) return ofResource(record.metric.resource);
  const own = ofResource(record.resource);
  if (own !== "" || "kind" in record) return own;
  const probe = probeEventOf(record);
  return probe === null || typeof probe === "string" ? "" : probe.namespace;
}

export function entryNamespace({ kind, document }: NewEntry): string {
  return kind === "span" || kind === "log" ? ofResource(document.resource) : document.namespace ?? "";
}

/** `store` itself where `ns` is "". A page of `newest` may come out shorter than its limit though there is more. */
export function scoped(store: Store, ns: string): Readable {
  if (ns === "") return store;
  const isOurs = (entry: Entry) => ["", ns].includes(entryNamespace(entry));
  return {
    async after(seq, limit, filter) {
      const found: Entry[] = [];
      for (let from = seq;;) {
        const page = await store.after(from, limit, filter);
        found.push(...page.filter(isOurs));
        if (page.length < limit || found.length >= limit) return found.slice(0, limit);
        from = page.at(-1)!.commitSeq;
      }
    },
    ofTrace: async (traceId) => (await store.ofTrace(traceId)).filter(isOurs),
    newest: async (limit, filter) => (await store.newest(limit, filter)).filter(isOurs),
    byId: async (kind, id) => {
      const entry = await store.byId(kind, id);
      return entry !== null && isOurs(entry) ? entry : null;
    },
    onCommit: (listener) => store.onCommit(listener),
    state: () => store.state(),
  };
}

function ofResource(resource: Readonly<Record<string, unknown>>): string {
  const name = resource["k8s.namespace.name"];
  return typeof name === "string" ? name : "";
}
