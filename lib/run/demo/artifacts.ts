/** Writes what a run yields: every document under one folder, which appears whole or not at all. */
import { toProbeEvents } from "../../export/probe_event.ts";
import { serializeProbeEvent } from "../../export/probe_event_json.ts";
import { toIso, toUnixNs } from "../../model/clock.ts";
import { IoError } from "../../model/errors.ts";
import { toJson } from "../../model/json.ts";
import type { KernelEvent } from "../../model/kernel_event.ts";
import type { Attributes } from "../../model/span.ts";
import type { SloEvent } from "../../model/slo_event.ts";
import { encodeTraces } from "../../otlp/mod.ts";
import type { Analysis } from "./analyse.ts";
import { incidentDocument } from "./incident_document.ts";
import { OBJECTIVE } from "./plan.ts";
import type { RunData } from "./run_data.ts";

/** Files of the folder. */
export const FILES = {
  events: "events.jsonl",
  spans: "spans.jsonl",
  sloEvents: "slo_events.jsonl",
  incidents: "incidents.jsonl",
  splits: "splits.jsonl",
  report: "report.json",
  text: "report.txt",
} as const;

/** Spans per line of spans.jsonl, each line one ExportTraceServiceRequest in OTLP JSON. */
const SPANS_A_LINE = 100;

/** @throws IoError when the folder cannot be written; nothing is left half-written. */
export async function writeArtifacts(
  folder: string,
  run: RunData,
  analysis: Analysis,
  report: unknown,
  text: string,
): Promise<void> {
  const parts = { folder: `${folder}.part-${Deno.pid}` };
  const write = (name: string, lines: Iterable<string>) =>
    Deno.writeTextFile(`${parts.folder}/${name}`, [...lines].map((line) => `${line}\n`).join(""));
  try {
    await Deno.mkdir(parts.folder, { recursive: true });
    await write(FILES.events, probeLines(run));
    await write(FILES.spans, spanLines(run));
    await write(FILES.sloEvents, sloEvents(run, analysis).map((event) => toJson(event)));
    const incident = incidentDocument(analysis);
    await write(FILES.incidents, incident === null ? [] : [toJson(incident)]);
    await write(FILES.splits, analysis.joined.requests.map((request) => toJson(marked(request, run))));
    await write(FILES.report, [toJson(report, 2)]);
    await Deno.writeTextFile(`${parts.folder}/${FILES.text}`, text);
    await Deno.remove(folder, { recursive: true }).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
    await Deno.rename(parts.folder, folder);
  } catch (error) {
    await Deno.remove(parts.folder, { recursive: true }).catch(() => {});
    throw new IoError(
      `Cannot write "${folder}": ${(error as Error).message}`,
      "Free space, or choose another place with --out",
    );
  }
}

function marked<T extends object>(document: T, run: RunData): T & { replay?: true } {
  return run.mode === "replay" ? { ...document, replay: true } : document;
}

function* probeLines(run: RunData): Generator<string> {
  const cgroups = new Map(run.events.map(({ owner }) => [owner.pid, run.cgroups[`${owner.cgroupId}`]]));
  const context = {
    node: run.host.name,
    namespace: "",
    pod: "",
    container: "",
    toUnixNs: (ns: number) => toUnixNs(run.anchor, ns),
    process: ({ owner }: KernelEvent) => {
      const cgroup = cgroups.get(owner.pid);
      return cgroup === undefined ? undefined : { cgroup };
    },
    schemaVersion: "v1alpha2",
  } as const;
  for (const event of run.events) {
    for (const document of toProbeEvents(event, context)) {
      const attributes = "attributes" in document ? document.attributes : {};
      const said = run.mode === "replay" ? { ...document, attributes: { ...attributes, replay: "true" } } : document;
      yield serializeProbeEvent(said);
    }
  }
}

function* spanLines(run: RunData): Generator<string> {
  const replay: Attributes = run.mode === "replay" ? { replay: true } : {};
  for (let i = 0; i < run.spans.length; i += SPANS_A_LINE) {
    const spans = run.spans.slice(i, i + SPANS_A_LINE)
      .map((span) => ({ ...span, resource: { ...span.resource, ...replay } }));
    yield new TextDecoder().decode(encodeTraces(spans, "json"));
  }
}

/** One ttft_ms event per request, judged by the lab's objective. */
export function sloEvents(run: RunData, analysis: Analysis): SloEvent[] {
  return analysis.joined.requests.map((request) => ({
    event_id: `${request.requestId}-ttft`,
    timestamp: toIso(run.anchor, request.firstByteNs),
    cluster: "lab",
    namespace: "sloctl-lab",
    workload: "rag",
    service: analysis.service,
    request_id: request.requestId,
    sli_name: "ttft_ms",
    sli_value: request.ttftMs,
    unit: "ms",
    status: request.ttftMs > OBJECTIVE.ttftMs ? "breach" : request.ttftMs > OBJECTIVE.warningMs ? "warning" : "ok",
    ...(request.traceId === "" ? {} : { trace_id: request.traceId }),
    labels: {
      objective: `ttft_ms <= ${OBJECTIVE.ttftMs}`,
      ...(request.estimated === true ? { estimated: "true" } : {}),
      ...(run.mode === "replay" ? { replay: "true" } : {}),
    },
  }));
}
