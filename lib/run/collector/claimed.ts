/** What the bearer of one namespace's token sends: of that namespace, and of no other. */
import { probeEventOf } from "../../export/probe_event_log.ts";
import { toJson } from "../../model/json.ts";
import type { LogRecord } from "../../model/log_record.ts";
import type { MetricPoint } from "../../model/metric_point.ts";
import type { Attributes, Span } from "../../model/span.ts";

/** `event_name` of the collector's own audit records: nobody else may send one. */
export const AUDIT_EVENT = "sloctl.audit";
const KEY = "k8s.namespace.name";

/** Resources that arrived together are shared objects, and stay so. */
const made = new WeakMap<Attributes, Map<string, Attributes>>();

/**
 * A record that names no namespace is `ns`'s from then on: nobody else may read it. A log record that holds a probe event names one
 * in its resource and one in the event.
 *
 * @param ns "": every namespace's
 * @returns null where it names another, or pretends to be the collector's own word
 */
export function claimed<R extends Span | LogRecord | MetricPoint>(record: R, ns: string): R | null {
  if ("metric" in record) {
    const resource = resourceOf(record.metric.resource, ns);
    if (resource === null || resource === record.metric.resource) return resource && record;
    return { ...record, metric: { ...record.metric, resource } };
  }
  if ("eventName" in record && record.eventName === AUDIT_EVENT) return null;
  const resource = resourceOf(record.resource, ns);
  if (resource === null) return null;
  const own = resource === record.resource ? record : { ...record, resource };
  if ("kind" in own || ns === "") return own;
  const probe = probeEventOf(own);
  if (probe === null || typeof probe === "string" || probe.namespace === ns) return own;
  return probe.namespace === "" ? { ...own, body: toJson({ ...probe, namespace: ns }) } : null;
}

function resourceOf(resource: Attributes, ns: string): Attributes | null {
  const named = resource[KEY];
  if (ns === "" || named === ns) return resource;
  if (named !== undefined && named !== null && named !== "") return null;
  let of = made.get(resource);
  if (of === undefined) made.set(resource, of = new Map());
  let own = of.get(ns);
  if (own === undefined) of.set(ns, own = { ...resource, [KEY]: ns });
  return own;
}
