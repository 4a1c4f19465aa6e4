/** Calls of admin routes: a line on standard error, and a log record in the store, where it can be watched and is kept as long as the rest. */
import type { Io } from "../../model/io.ts";
import type { LogRecord } from "../../model/log_record.ts";
import { printable } from "../../report/text.ts";
import type { AuditLine } from "../../serve/audited.ts";
import { AUDIT_EVENT } from "./claimed.ts";
import { logEntry } from "../../store/entries.ts";
import type { Store } from "../../store/store.ts";

/** About what a record takes. */
const BYTES = 300;
/** OpenTelemetry's severity numbers. */
const INFO = 9;
const WARN = 13;

/** A call with nobody's token is a line and no record: strangers shall not fill the store. */
export function auditor(store: Store, io: Pick<Io, "err">, nowMs: () => number): (line: AuditLine) => Promise<void> {
  return async (line) => {
    const { method, path, status, peer, kid, jti } = line;
    const who = kid === "" ? "without a token of ours" : `key ${kid}, token ${jti}`;
    io.err(printable(`sloctl: audit: ${method} ${path}: ${status}, ${who}, from ${peer}`) + "\n");
    if (kid === "") return;
    try {
      await store.append([logEntry(record(line, nowMs()), BYTES)]);
    } catch { /* the line is there; a store that takes nothing says so itself */ }
  };
}

function record({ method, path, status, peer, kid, jti, ns }: AuditLine, nowMs: number): LogRecord {
  const timeNs = BigInt(Math.round(nowMs)) * 1_000_000n;
  return {
    timeNs,
    observedNs: timeNs,
    severity: status < 400 ? INFO : WARN,
    severityText: status < 400 ? "INFO" : "WARN",
    eventName: AUDIT_EVENT,
    body: `${method} ${path}`,
    attributes: {
      "http.request.method": method,
      "url.path": path,
      "http.response.status_code": status,
      "client.address": peer,
      "cap.kid": kid,
      jti,
      ns,
    },
    traceId: "",
    spanId: "",
    // Of the caller's namespace, or of none that a token could have: no other may read it.
    resource: { "service.name": "sloctl.collector", "k8s.namespace.name": ns || "*" },
    scope: "sloctl.collector",
  };
}
