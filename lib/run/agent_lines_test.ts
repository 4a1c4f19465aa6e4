import { assert, assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../model/errors.ts";
import type { ProbeEvent } from "../model/probe_event.ts";
import { AGENT_DEFAULTS } from "../testing/agent_defaults.ts";
import { fakeIo } from "../testing/fake_io.ts";
import { lineWriter } from "./agent_lines.ts";
import { type AgentOptions, planAgent } from "./agent_options.ts";

function event(more: object = {}): ProbeEvent {
  return {
    ...{ ts_unix_nano: 1_767_225_600_123_456_789n, signal: "connect_latency_ms", node: "n", namespace: "", pod: "" },
    ...{ container: "", pid: 8, tid: 8, value: 1.5, unit: "ms", status: "ok", process: { comm: "curl" } },
    conn_tuple: { src_ip: "10.0.0.2", dst_ip: "10.0.0.3", src_port: 1, dst_port: 80, protocol: "tcp" },
    ...more,
  } as ProbeEvent;
}

Deno.test("lines: documents as they are, wrapped, or rows; a filter holds for all of them", () => {
  const written = (part: Partial<AgentOptions>, given = event()) => {
    const line = lineWriter({ ...AGENT_DEFAULTS, ...part }, fakeIo());
    return [line.header, line.wanted(given), line.of(given)] as const;
  };
  const [header, wanted, document] = written({ filter: "comm==curl" });
  assertEquals([header, wanted], ["", true]);
  assert(document.startsWith('{"ts_unix_nano":1767225600123456789,'), document);
  assertEquals(written({ eventKind: "both" })[2], `{"kind":"probe","payload":${document}}`);
  assertEquals(written({ filter: "comm!=curl" })[1], false);
  const [titles, , row] = written({ follow: ["connect"], fields: ["comm", "dport"] });
  assertEquals([titles, row], ["COMM              DPORT", "curl              80"]);
  assertEquals(written({ follow: ["connect"], json: true })[0], "");
  assertEquals(written({ follow: ["connect"], json: true })[2], document);
  assertEquals(written({ follow: ["all"] }, event({ histogram: { bounds: [], counts: [3] } }))[1], false);
  assertEquals(written({}, event({ histogram: { bounds: [], counts: [3] } }))[1], true);
});

Deno.test("follow: only the probes it needs, standard output, no port; what contradicts is refused", () => {
  const plan = planAgent({ ...AGENT_DEFAULTS, follow: ["dns", "connect"] });
  assertEquals([plan.mode, plan.eventsTo, plan.metricsPort, plan.probes], [
    "events",
    "-",
    null,
    ["dns_latency", "connect_latency"],
  ]);
  const table: [Partial<AgentOptions>, string][] = [
    [{ follow: ["dns"], output: "stdout" }, "Cannot follow and write"],
    [{ follow: ["steal"] }, "alone: no probe tells it"],
    [{ follow: ["dsn"] }, 'did you mean "dns"?'],
    [{ fields: ["comm"] }, "there are no rows"],
    [{ forMs: 1000, filter: "pid==1" }, "Cannot filter a diagnosis"],
  ];
  for (const [part, text] of table) assertThrows(() => planAgent({ ...AGENT_DEFAULTS, ...part }), UsageError, text);
  assertThrows(() => lineWriter({ ...AGENT_DEFAULTS, filter: "pid=" }, fakeIo()), UsageError, "column 5");
});
