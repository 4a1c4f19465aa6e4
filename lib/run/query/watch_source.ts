/** The store as those see it who watch: its entries as documents of the contract. */
import { serializeProbeEvent } from "../../export/probe_event_json.ts";
import { toJson } from "../../model/json.ts";
import { encodeLogsJson, encodeTracesJson } from "../../otlp/encode_json.ts";
import type { WatchedEvent, WatchSource } from "../../serve/watch.ts";
import type { Entry } from "../../store/store.ts";
import type { Readable } from "./scoped.ts";

export function watchSource(store: Readable): WatchSource {
  return {
    state: () => store.state(),
    after: async (seq, limit, filter) => (await store.after(seq, limit, filter)).map(watchedEvent),
    onCommit: (listener) => store.onCommit(listener),
  };
}

export function watchedEvent(entry: Entry): WatchedEvent {
  const { commitSeq, kind, traceId, spanId } = entry;
  return { commitSeq, kind, traceId, spanId, document: documentText(entry) };
}

/** Spans and logs as OTLP JSON, a request that holds the one record; the others as their own schemas say. */
function documentText(entry: Entry): string {
  switch (entry.kind) {
    case "span":
      return encodeTracesJson([entry.document]);
    case "log":
      return encodeLogsJson([entry.document]);
    case "probe":
      return serializeProbeEvent(entry.document);
    case "slo":
    case "incident":
      return toJson(entry.document);
  }
}
