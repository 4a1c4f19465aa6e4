import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Ajv2020 } from "ajv/2020";
import { parse } from "yaml";
import { postTraces } from "../lib/export/otlp_traces.ts";
import { ADMIN, WATCH } from "../lib/serve/api.ts";
import { fakeIo } from "../lib/testing/fake_io.ts";
import { madeRun } from "../lib/testing/telemetry.ts";
import { until } from "../lib/testing/until.ts";
import { main } from "./main.ts";

/** Every answer of a real collector, by the OpenAPI file as it lies in docs/. */
async function checker() {
  const document = parse(await Deno.readTextFile(new URL("../docs/openapi.yaml", import.meta.url)));
  const ajv = new Ajv2020({ strict: false });
  ajv.addSchema(document, "openapi.json");
  // A stream has no end: lib/run/collector_watch_test.ts watches it. Admin routes: lib/run/collector_admin_test.ts.
  const apart = [WATCH, ...ADMIN].map(({ path }) => path);
  const paths = Object.keys(document.paths).filter((path) => !apart.includes(path));
  const wrong = (path: string, status: number, body: string) => {
    const at = encodeURIComponent(path.replaceAll("~", "~0").replaceAll("/", "~1"));
    const check = ajv.compile({
      $ref: `openapi.json#/paths/${at}/get/responses/${status}/content/application~1json/schema`,
    });
    return check(JSON.parse(body)) ? null : check.errors;
  };
  return { paths, wrong };
}

Deno.test("a collector is told of a slow resolver, and asked: the incident, its requests, the objectives, the metrics", async () => {
  const run = madeRun({ seconds: 60, slowFrom: 40 });
  const slo = await Deno.makeTempFile({ suffix: ".yaml" });
  await Deno.writeTextFile(slo, "service: gw\nslos:\n  - { name: ttft, sli: ttft_ms <= 150ms, objective: '0.99' }\n");
  const io = fakeIo({ stdin: run.probeLines });
  const flags = ["--listen", "127.0.0.1:0", "--listen-grpc", "off", "--input", "-", "--slo", slo];
  const running = main(["collector", ...flags], io);
  try {
    await until(() => io.stderr.includes("OTLP at"), "it listens");
    const [url] = /http:\/\/[\d.:]+/.exec(io.stderr)!;
    await postTraces(`${url}/v1/traces`, run.spans);
    await until(() => io.stderr.includes("sloctl: incident inc-"), "an incident opens");

    const ask = async (...argv: string[]) => {
      const out = fakeIo({ columns: 80 });
      const code = await main([...argv, "--url", url], out);
      assertEquals(code, 0, `${argv.join(" ")}: ${out.stderr}`);
      return out.stdout;
    };
    const { incidents: [incident] } = JSON.parse(await ask("incidents", "--json"));
    assertEquals([incident.predicted_fault_domain, incident.state], ["network_dns", "open"]);
    assertStringIncludes(await ask("explain", incident.incident_id), "Cause: network_dns");
    const request = await ask("explain", incident.trace_ids[0]);
    for (const word of ["as the kernel says", "dns_latency_ms", "pod_pid_100ms", incident.incident_id]) {
      assertStringIncludes(request, word);
    }
    assertStringIncludes(await ask("top", "--once"), "network_dns");

    const { paths, wrong } = await checker();
    const names: Readonly<Record<string, string>> = {
      "{id}": incident.incident_id,
      "{trace_id}": incident.trace_ids[0],
    };
    for (const path of paths) {
      for (const explain of ["", "?explain=1"]) {
        const response = await fetch(url + path.replace(/\{.*\}/, (name) => names[name]!) + explain);
        const text = await response.text();
        assertEquals([response.status, wrong(path, 200, text)], [200, null], path);
        assertEquals("indexes_state" in JSON.parse(text), explain !== "", path);
      }
      const refused = await fetch(`${url}${path.replace(/\{.*\}/, (name) => names[name]!)}?nonsense=1`);
      assertEquals([refused.status, wrong(path, 400, await refused.text())], [400, null], path);
    }
    const missing = await fetch(`${url}/v1/incidents/none`);
    assertEquals([missing.status, wrong("/v1/incidents/{id}", 404, await missing.text())], [404, null]);
    const asked = await fetch(`${url}/v1/slo`).then((response) => response.json());
    const { good, bad } = asked.slos[0].counts;
    assertEquals([good, bad], [200, 100]);
    const metrics = await fetch(`${url}/metrics`).then((response) => response.text());
    for (
      const line of [
        'llm_slo_good_events_total{service="gw",slo="ttft"} 200',
        'llm_slo_events_total{service="gw",slo="ttft"} 300',
        'llm_slo_ttft_ms_bucket{le="800"} 300',
        "llm_slo_incidents_open 1",
      ]
    ) assertStringIncludes(metrics, line);
  } finally {
    io.abort();
    await running.catch(() => {});
    await Deno.remove(slo);
  }
  assert(io.stdout.includes('"slo_bad":"ttft"'), "SLO events say which promise was broken");
});
