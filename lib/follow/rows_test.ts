import { assert, assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../model/errors.ts";
import type { ProbeEvent } from "../model/probe_event.ts";
import { displayWidth } from "../report/text.ts";
import { SIGNALS } from "../model/signals.ts";
import { DEFAULT_FIELDS, FIELDS, fieldsOf } from "./fields.ts";
import { followed, kindOf, KINDS } from "./kinds.ts";
import { RowPrinter } from "./rows.ts";

function event(signal: string, more: object = {}): ProbeEvent {
  return {
    ts_unix_nano: 1_767_225_600_123_456_789n,
    signal,
    ...{ node: "n1", namespace: "", pod: "", container: "", pid: 812, tid: 813 },
    ...{ value: 152.5, unit: "ms", status: "ok" },
    conn_tuple: { src_ip: "10.1.2.3", dst_ip: "10.0.0.10", src_port: 4000, dst_port: 53, protocol: "udp" },
    process: { comm: "python3" },
    ...more,
  } as ProbeEvent;
}

const QUERY = { attributes: { query_name: "vector-db.chat.svc.cluster.local", query_type: "A", rcode: 0 } };

Deno.test("a row fits 80 columns, whatever is in it; without a terminal nothing is cut", () => {
  const long = { process: { comm: "a-very-long-name" }, pid: 4_194_303, value: 123_456.7, ...QUERY };
  for (const width of [40, 80, 120]) {
    const rows = new RowPrinter({ fields: fieldsOf(DEFAULT_FIELDS), color: false, width });
    for (const { signal } of SIGNALS) {
      const line = rows.row(event(signal, long));
      assert(displayWidth(line) <= Math.max(width, 60), `${displayWidth(line)}: ${line}`);
      if (width >= 80) assert(displayWidth(line) <= width, line);
    }
  }
  const whole = new RowPrinter({ fields: fieldsOf(["process", "details"]), color: false, width: null });
  assertEquals(
    whole.row(event("dns_latency_ms", QUERY)),
    "python3[812]      vector-db.chat.svc.cluster.local A @10.0.0.10",
  );
});

Deno.test("rows tell what each kind is about; names from the wire cannot steer a terminal", () => {
  const rows = new RowPrinter({ fields: fieldsOf(["kind", "value", "details"]), color: false, width: null });
  const table: [ProbeEvent, string][] = [
    [
      event("dns_errors_total", {
        ...QUERY,
        value: 1,
        unit: "count",
        attributes: { query_name: "x\x1b[2J", query_type: "A", cause: "NXDOMAIN" },
      }),
      "x?[2J A @10.0.0.10 NXDOMAIN",
    ],
    [
      event("connect_errors_total", { value: 1, unit: "count", attributes: { cause: "ECONNREFUSED" } }),
      "10.0.0.10:53 ECONNREFUSED",
    ],
    [
      event("stream_ttft_ms", { attributes: { role: "server" } }),
      "on :4000 from 10.1.2.3".replace("10.1.2.3", "10.0.0.10"),
    ],
    [event("syscall_latency_ms", { conn_tuple: undefined, attributes: { call: "fsync", result: 0 } }), "fsync() = 0"],
    [event("runqueue_delay_ms", { conn_tuple: undefined }), ""],
  ];
  for (const [given, expected] of table) assert(rows.row(given).endsWith(expected), rows.row(given));
  const coloured = new RowPrinter({ fields: fieldsOf(["value"]), color: true, width: null });
  assertEquals(
    coloured.row(event("dns_latency_ms", { status: "error" })),
    "\x1b[31m  152 ms\x1b[39m".replace("152 ms", "153 ms"),
  );
});

Deno.test("every signal has one word, every word its signals, and what does not exist is named", () => {
  assertEquals(Object.values(KINDS).flat().toSorted(), SIGNALS.map(({ signal }) => signal).toSorted());
  for (const { signal } of SIGNALS) assert(kindOf(signal) in KINDS);
  assertEquals([...followed(["dns", "connect_errors_total"])], [
    "dns_latency_ms",
    "dns_errors_total",
    "connect_errors_total",
  ]);
  assertEquals(followed(["all"]).size, SIGNALS.length);
  assertThrows(() => followed(["conect"]), UsageError, 'did you mean "connect"?');
  assertThrows(() => fieldsOf(["comn"]), UsageError, 'did you mean "comm"?');
  assertEquals(new Set(FIELDS.map(({ name }) => name)).size, FIELDS.length);
});
