import { assert, assertEquals } from "@std/assert";
import { DIAGNOSIS_SCHEMA } from "../model/diagnosis.ts";
import { PROBE_EVENT_SCHEMA } from "../model/probe_event.ts";
import { SCHEMA_BASE, type SchemaName, SCHEMAS } from "../model/schema/mod.ts";
import { SLI_NAMES, SLI_NAMES_V1 } from "../model/slo_event.ts";
import { LABELS, TIERS } from "../model/split.ts";
import { validate } from "./validate.ts";

const sloEvent = {
  event_id: "e1",
  timestamp: "2026-01-02T03:04:05.678Z",
  cluster: "lab",
  namespace: "",
  workload: "rag",
  service: "gateway",
  request_id: "r1",
  sli_name: "ttft_ms",
  sli_value: 812.5,
  unit: "ms",
  status: "breach",
};
const probe1 = {
  ts_unix_nano: 1700000000123456789n,
  signal: "dns_latency_ms",
  node: "n1",
  namespace: "",
  pod: "",
  container: "",
  pid: 10,
  tid: 11,
  value: 55.2,
  unit: "ms",
  status: "ok",
};
const tuple = { src_ip: "10.0.0.1", dst_ip: "10.0.0.2", src_port: 40000, dst_port: 53, protocol: "udp" };
const probe2 = {
  ...probe1,
  schema: PROBE_EVENT_SCHEMA,
  conn_tuple: tuple,
  process: { comm: "node" },
  cgroup: "/lab/gateway",
  netns: 4026531840,
  attributes: { rcode: 0, query_name: "provider.lab.", synthetic: true },
  histogram: { bounds: [1, 5], counts: [3, 0, 1] },
};
const zeros = Object.fromEntries(LABELS.map((label) => [label, 0]));
const split = { incident: zeros, baseline: { ...zeros, tls: null }, excess: zeros };
const incident = {
  schema: "incident/v1",
  incident_id: "i1",
  opened_at: "2026-01-02T03:04:05Z",
  closed_at: null,
  service: "gateway",
  sli_name: "ttft_ms",
  domain: "network_dns",
  confidence: 0.97,
  excess_ms: 205.1,
  shares: { network_dns: 0.97, unknown: 0.03 },
  split,
  evidence: [{
    signal: "dns_latency_ms",
    value: 201,
    baseline: 1.2,
    unit: "ms",
    sentence: "DNS took 201 ms, 1.2 before",
  }],
  coverage: 1,
  drops: 0,
  requests: { incident: 40, baseline: 80 },
  tier: "trace_id_exact",
  model_version: "split-1",
};
const report = {
  schema: "demo-report/v1",
  fault_asked: "dns_latency",
  mode: "live",
  phases: [{
    name: "baseline",
    start: "2026-01-02T03:04:05Z",
    end: "2026-01-02T03:04:35+01:00",
    requests: 80,
    errors: 0,
    ttft_p50_ms: 61.5,
    ttft_p95_ms: null,
  }],
  split,
  incident,
  injected: { domain: "network_dns" },
  verdict: { pass: true, expected: "network_dns", got: "network_dns", reason: "the domains agree" },
  coverage: {},
  events: {},
  drops: {},
  cost: {},
  host: {},
  provenance: {},
  requests: {},
};
const row = {
  kind: "dns_latency_ms",
  process: { pid: 1, comm: "curl" },
  cgroup: "",
  peer: { ip: "10.0.0.2", port: 53 },
  count: 3,
  p50: 1,
  p95: 2,
  max: 2,
  unit: "ms",
};
const diagnosis = {
  schema: DIAGNOSIS_SCHEMA,
  window: { start: "2026-01-02T03:04:05Z", end: "2026-01-02T03:04:25Z", seconds: 20 },
  host: { name: "h", kernel: "6.18", cpus: 2 },
  findings: [{ ...row, rank: 1, sentence: "slow", compared_with: "40 ms", harm_ms: 12.5 }],
  observed: [row],
  coverage: {
    attached: ["dns_latency"],
    missing: [{ probe: "stream", reason: "no fentry", costs: "first bytes" }],
    unprobed: [{ what: "TLS", reason: "no probe yet" }],
  },
  events: 12,
  drops: 0,
  cost: { cpu_pct: 1.2, bpf_ns_per_event: null, rss_mb: 80 },
};

const GOOD: readonly (readonly [SchemaName, object])[] = [
  ["slo-event/v1", sloEvent],
  ["slo-event/v1", { ...sloEvent, trace_id: "ab", labels: { phase: "fault" } }],
  ["slo-event/v1.1", sloEvent],
  ["slo-event/v1.1", { ...sloEvent, sli_name: "structured_output_validity", sli_value: 1, unit: "ratio" }],
  ["slo-event/v1.1", { ...sloEvent, sli_name: "tool_call_success", sli_value: 0.5, unit: "ratio" }],
  ["probe-event/v1alpha1", probe1],
  ["probe-event/v1alpha1", { ...probe1, conn_tuple: tuple, errno: 111, confidence: 1, span_id: undefined }],
  ["probe-event/v1alpha2", probe1],
  ["probe-event/v1alpha2", probe2],
  ["incident/v1", incident],
  ["incident/v1", { ...incident, closed_at: "2026-01-02T03:04:05Z", replay: true, unknown_reason: null }],
  ["demo-report/v1", report],
  ["demo-report/v1", { ...report, incident: null, injected: null, split: { ...split, incident: null } }],
  ["diagnosis/v1", diagnosis],
  ["diagnosis/v1", { ...diagnosis, findings: [], observed: undefined, synthetic: true }],
  ["recording/v1", { kind: "probe", payload: probe1 }],
  ["recording/v1", { kind: "slo", payload: sloEvent, synthetic: true }],
];

Deno.test("good documents have nothing wrong", () => {
  for (const [name, document] of GOOD) assertEquals(validate(name, document), [], name);
});

Deno.test("bad documents: the message names the field", () => {
  const rows: readonly (readonly [SchemaName, unknown, string])[] = [
    ["slo-event/v1", { ...sloEvent, service: undefined }, "/service is missing"],
    ["slo-event/v1", { ...sloEvent, extra: 1 }, "/extra must not be there"],
    ["slo-event/v1", { ...sloEvent, timestamp: "yesterday" }, "/timestamp must match pattern"],
    ["slo-event/v1", { ...sloEvent, timestamp: "2026-13-02T03:04:05Z" }, "/timestamp must match pattern"],
    ["slo-event/v1", { ...sloEvent, status: "bad" }, '/status must be equal to one of the allowed values: ["ok"'],
    ["slo-event/v1", { ...sloEvent, sli_value: NaN }, "/sli_value must be number"],
    ["slo-event/v1", { ...sloEvent, sli_name: "tool_call_success" }, "/sli_name must be equal"],
    ["slo-event/v1", { ...sloEvent, labels: { a: 1 } }, "/labels/a must be string"],
    ["slo-event/v1", [], "/ must be object"],
    ["probe-event/v1alpha1", { ...probe1, ts_unix_nano: "1" }, "/ts_unix_nano must be integer"],
    ["probe-event/v1alpha1", probe2, "/cgroup must not be there"],
    ["probe-event/v1alpha1", { ...probe1, errno: -2 }, "/errno must be >= 1"],
    ["probe-event/v1alpha1", { ...probe1, confidence: 1.1 }, "/confidence must be <= 1"],
    [
      "probe-event/v1alpha1",
      { ...probe1, conn_tuple: { ...tuple, src_port: 70000 } },
      "/conn_tuple/src_port must be <=",
    ],
    ["probe-event/v1alpha2", { ...probe2, attributes: { a: true } }, "/attributes/a must be string,number"],
    ["probe-event/v1alpha2", { ...probe2, other: 1 }, "/other must not be there"],
    ["incident/v1", { ...incident, domain: "gremlins" }, "/domain must be equal"],
    ["incident/v1", { ...incident, shares: { gremlins: 1 } }, "/shares"],
    ["incident/v1", { ...incident, confidence: 2 }, "/confidence must be <= 1"],
    ["incident/v1", { ...incident, split: { ...split, baseline: { dns: 1 } } }, "/split/baseline/connect is missing"],
    ["demo-report/v1", { ...report, mode: "pretend" }, "/mode must be equal"],
    ["demo-report/v1", { ...report, phases: [] }, "/phases must NOT have fewer than 1 items"],
    ["diagnosis/v1", { ...diagnosis, findings: [{ ...row, rank: 0 }] }, "/findings/0/rank must be >= 1"],
    ["diagnosis/v1", { ...diagnosis, findings: [{ ...row, rank: 1 }] }, "/findings/0/sentence is missing"],
    ["recording/v1", { kind: "probe" }, "/payload is missing"],
  ];
  for (const [name, document, message] of rows) {
    const got = validate(name, document);
    assert(got.some((one) => one.startsWith(message)), `${name}: expected ${message}, got ${got.join("; ")}`);
  }
});

Deno.test("each schema is 2020-12, and its id is its name", () => {
  for (const [name, schema] of Object.entries(SCHEMAS)) {
    assertEquals(schema.$id, SCHEMA_BASE + name);
    assertEquals(schema.$schema, "https://json-schema.org/draft/2020-12/schema");
  }
});

Deno.test("schemas and types name the same things", () => {
  assertEquals(SCHEMAS["incident/v1"].$defs.split.required, [...LABELS]);
  assertEquals(Object.keys(SCHEMAS["incident/v1"].$defs.split.properties), [...LABELS]);
  assertEquals(SCHEMAS["incident/v1"].properties.tier.enum, [...TIERS]);
  assertEquals(SCHEMAS["slo-event/v1"].properties.sli_name.enum, [...SLI_NAMES_V1]);
  assertEquals(SCHEMAS["slo-event/v1.1"].properties.sli_name.enum, [...SLI_NAMES]);
  const { sli_name: _old, ...v1 } = SCHEMAS["slo-event/v1"].properties;
  const { sli_name: _new, ...v11 } = SCHEMAS["slo-event/v1.1"].properties;
  assertEquals<object>(v11, v1, "v1.1 adds indicators and nothing else");
});
