/** What two records have to have in common to be one record that was sent twice. */
import { createHash } from "node:crypto";
import type { LogRecord } from "../../model/log_record.ts";
import type { ProbeEvent, ProbeEventV1Alpha2 } from "../../model/probe_event.ts";

/** Two events alike in all of this are one. */
export function probeKey(probe: ProbeEvent): string {
  const { ts_unix_nano, signal, node, pid, tid, value, span_id = "", conn_tuple: conn } = probe;
  const { attributes, cgroup = "" } = probe as ProbeEventV1Alpha2;
  const ports = conn === undefined ? "" : `${conn.src_ip}:${conn.src_port}>${conn.dst_ip}:${conn.dst_port}`;
  const about = attributes === undefined ? "" : JSON.stringify(attributes);
  return short([ts_unix_nano, signal, node, pid, tid, value, span_id, ports, cgroup, about]);
}

/**
 * By OpenTelemetry's `log.record.uid`, which says that others with the same one are duplicates; null where there is none. Nothing else will
 * do: an application that says the same thing twice within one tick of its clock has said it twice.
 */
export function logKey({ attributes, resource }: LogRecord): string | null {
  const uid = attributes["log.record.uid"];
  if (typeof uid !== "string" || uid === "") return null;
  return short(["log", String(resource["k8s.namespace.name"] ?? ""), String(resource["service.name"] ?? ""), uid]);
}

/** Of one length, for very many of them are held. */
function short(parts: readonly (string | number | bigint)[]): string {
  return createHash("sha256").update(parts.join("\0")).digest("base64").slice(0, 24);
}
