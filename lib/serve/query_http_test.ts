import { assert, assertEquals } from "@std/assert";
import { Ajv2020 } from "ajv/2020";
import type { IncidentAttribution } from "../model/incident_attribution.ts";
import { ask } from "../testing/ask.ts";
import { ADMIN, OPERATIONS, WATCH } from "./api.ts";
import { openApi } from "./openapi.ts";
import { type IncidentsQuery, queryRoute, type QuerySource } from "./query_http.ts";
import { routes } from "./routes.ts";

const NOW = Date.parse("2026-01-02T03:04:05Z");

const incident: IncidentAttribution = {
  incident_id: "inc 1/ä",
  timestamp: "2026-01-02T03:00:00Z",
  cluster: "",
  service: "gw",
  predicted_fault_domain: "unknown",
  confidence: 0,
  evidence: [],
  slo_impact: { sli: "ttft_ms", burn_rate: 1, window_minutes: 1 },
  state: "open",
};
const ingest = { requests: 0, taken: 0, duplicates: 0, rejected: 0, undecodable: 0, unavailable: 0 };
const asked: IncidentsQuery[] = [];
const source: QuerySource = {
  health: () => ({
    schema: "health-answer/v1",
    status: "ok",
    problems: [],
    version: "0",
    started_at: "2026-01-02T03:00:00Z",
    now: "2026-01-02T03:04:05Z",
    store: { kind: "memory", first_seq: 1, last_seq: 0, bytes: 0, held: { span: 0 }, evicted: {} },
    ingest: { traces: ingest, logs: ingest, metrics: ingest },
    incidents_open: 0,
  }),
  incidents: (query) => {
    asked.push(query);
    return Promise.resolve({
      schema: "incidents-answer/v1",
      incidents: [incident],
      next: null,
      warnings: ["old ones"],
    });
  },
  incident: (id) => Promise.resolve(id === incident.incident_id ? { schema: "incident-answer/v1", incident } : null),
  request: (traceId) =>
    Promise.resolve(
      traceId === "a".repeat(32)
        ? {
          schema: "request-answer/v1",
          trace_id: traceId,
          requests: [],
          spans: [],
          joins: [],
          rejected: { total: 0, because: {}, nearest: [] },
          slo_events: [],
          incident_ids: [],
        }
        : null,
    ),
  requests: () => Promise.resolve({ schema: "requests-answer/v1", total: 0, requests: [] }),
  signals: () => Promise.resolve({ schema: "signals-answer/v1", seconds: 60, signals: [] }),
  slo: () => ({ schema: "slo-answer/v1", file: null, slos: [] }),
  agents: () => ({ schema: "agents-answer/v1", agents: [] }),
  indexes: () => "READY",
};
const handler = routes([queryRoute(source, () => NOW)]);
const get = (path: string, method = "GET") => ask(handler, { method, path });

const document = openApi("1.2.3") as {
  readonly paths: Record<string, { readonly get: { readonly responses: object } }>;
};

/** What is wrong with an answer by the OpenAPI file alone: its status must be there, and its body must follow the schema. */
function wrong(path: string, status: number, body: string): unknown {
  const ajv = new Ajv2020({ strict: false });
  ajv.addSchema(document, "openapi.json");
  const at = path.replaceAll("~", "~0").replaceAll("/", "~1");
  const pointer = `openapi.json#/paths/${
    encodeURIComponent(at)
  }/get/responses/${status}/content/application~1json/schema`;
  const check = ajv.compile({ $ref: pointer });
  return check(JSON.parse(body)) ? null : check.errors;
}

const PATHS: Readonly<Record<string, string>> = {
  "/v1/incidents/{id}": `/v1/incidents/${encodeURIComponent(incident.incident_id)}`,
  "/v1/requests/{trace_id}": `/v1/requests/${"A".repeat(32)}`,
};

Deno.test("every route answers as the OpenAPI file says, explained or not", async () => {
  assertEquals(Object.keys(document.paths), [...OPERATIONS, WATCH, ...ADMIN].map(({ path }) => path));
  for (const { path } of OPERATIONS) {
    const url = PATHS[path] ?? path;
    for (const explain of ["", "?explain=0", "?explain=1"]) {
      const { status, headers, text } = await get(url + explain);
      assertEquals([status, headers["content-type"], wrong(path, 200, text)], [200, "application/json", null], url);
      const { indexes_state, warnings } = JSON.parse(text);
      const explained = explain.endsWith("1");
      assertEquals([indexes_state, Array.isArray(warnings)], explained ? ["READY", true] : [undefined, false], url);
    }
    assertEquals(await get(url, "HEAD").then(({ status, text }) => [status, text]), [200, ""]);
    for (const [refused, method, status] of [[`${url}?nonsense=1`, "GET", 400], [url, "DELETE", 405]] as const) {
      const answer = await get(refused, method);
      assertEquals([answer.status, wrong(path, status, answer.text)], [status, null], refused);
    }
  }
});

Deno.test("what is asked for is refused in words, or is not there", async () => {
  const rows: [string, number, string][] = [
    ["/v1/incidents/none", 404, 'Cannot find "none": nothing is held under that name'],
    [`/v1/requests/${"b".repeat(32)}`, 404, "nothing is held"],
    ["/v1/requests/abc", 400, "a trace id is 32 hex digits"],
    ["/v1/requests/%1b[31m", 400, 'Cannot find "?[31m"'],
    ["/v1/incidents/%ff", 404, "nothing is held"],
    ["/v1/incidents?limit=0", 400, 'Cannot use "limit=0": it is no whole number from 1 to 1000'],
    ["/v1/incidents?limit=1e3", 400, "no whole number"],
    ["/v1/incidents?since=yesterday", 400, "neither RFC 3339 nor a length of time"],
    ["/v1/incidents?state=half", 400, "open or closed"],
    ["/v1/incidents?cursor=x", 400, "no whole number"],
    ["/v1/incidents?limit=1&limit=2", 400, "given twice"],
    ["/v1/incidents?servce=gw", 400, "no such parameter; there are since, service"],
    ["/v1/health?explain=yes", 400, "it is 1 or 0"],
    ["/v1/incidents/", 404, "nothing is served there"],
    ["/v1/incidents/a/b", 404, "nothing is served there"],
    ["/v1/nothing", 404, "nothing is served there"],
  ];
  for (const [path, status, message] of rows) {
    const answer = await get(path);
    assertEquals(answer.status, status, `${path}: ${answer.text}`);
    assert(JSON.parse(answer.text).message.includes(message), `${path}: ${answer.text}`);
  }
});

Deno.test("parameters of /v1/incidents arrive as meant", async () => {
  asked.length = 0;
  await get("/v1/incidents");
  await get("/v1/incidents?since=1h&service=gw&state=open&limit=5&cursor=17");
  await get("/v1/incidents?since=2026-01-02T03:04:05.123456789Z");
  await get("/v1/incidents?since=2026-01-02T05:04:05+02:00");
  const base = BigInt(NOW) * 1_000_000n;
  assertEquals(asked, [
    { limit: 100 },
    { limit: 5, sinceNs: base - 3_600_000_000_000n, service: "gw", state: "open", before: 17 },
    { limit: 100, sinceNs: base + 123_456_789n },
    { limit: 100, sinceNs: base },
  ]);
});
