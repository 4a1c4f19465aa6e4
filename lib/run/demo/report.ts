/** Analysis -> the report document (schema demo-report/v1), and afterwards its verdict against the label. */
import { quantile } from "../../stats/describe.ts";
import { toIso } from "../../model/clock.ts";
import type { Analysis } from "./analyse.ts";
import { countKinds } from "../watch_drops.ts";
import { EXPECTED, EXPECTED_WITHOUT_SPANS, type Fault } from "./plan.ts";
import type { Label, PhaseWindow, RunData } from "./run_data.ts";

export type Report = Readonly<Record<string, unknown>> & {
  readonly phases: readonly PhaseRow[];
  readonly verdict: Verdict;
};

export interface PhaseRow {
  readonly name: string;
  readonly start: string;
  readonly end: string;
  readonly requests: number;
  readonly errors: number;
  /** From the request's arrival at the gateway to the answer's first byte leaving it, by the kernel. */
  readonly ttft_p50_ms: number | null;
  readonly ttft_p95_ms: number | null;
  /** From the client's send to the first content it read, by the client. */
  readonly client_ttft_p50_ms: number | null;
  readonly client_ttft_p95_ms: number | null;
}

export interface Verdict {
  readonly pass: boolean;
  readonly expected: string | null;
  readonly got: string | null;
  readonly reason: string;
}

/** All of the report that can be written before the label is opened. */
export function closeReport(run: RunData, analysis: Analysis): Record<string, unknown> {
  const { joined, incident } = analysis;
  return {
    schema: "demo-report/v1",
    fault_asked: run.faultAsked,
    mode: run.mode,
    blind: run.blind,
    phases: analysis.phases.map((phase) => phaseRow(run, analysis, phase)),
    split: {
      incident: incident?.split.incident ?? null,
      baseline: analysis.baselineSplit,
      excess: incident?.split.excess ?? null,
    },
    incident,
    coverage: { ...run.coverage, tiers: joined.tiers, labels_not_watched: unwatched(analysis) },
    events: { kernel: run.events.length, by_kind: countKinds(run.events), spans: run.spans.length },
    drops: run.drops,
    cost: run.cost,
    host: run.host,
    provenance: run.provenance,
    ...(analysis.estimated === null ? {} : { estimated: true, peers: analysis.estimated.peers }),
    requests: {
      sent: run.samples.length,
      failed: run.samples.filter((sample) => sample.error !== null).length,
      split: joined.requests.length,
      spans_without_turn: joined.spansWithoutTurn,
      turns_without_span: joined.turnsWithoutSpan,
      ...(analysis.estimated === null ? {} : { slept: analysis.estimated.slept }),
    },
  };
}

/** What was injected against what was attributed. */
export function judge(label: Label, analysis: Analysis): Verdict {
  const expected = (analysis.estimated === null ? EXPECTED : EXPECTED_WITHOUT_SPANS)[label.fault as Fault] ?? null;
  const got = analysis.incident?.domain ?? null;
  const pass = expected === got;
  const said = got === null ? "no incident was found" : `the incident was attributed to ${got}`;
  const done = label.startNs === null ? "nothing was injected" : `${label.fault} was injected (${label.description})`;
  return { pass, expected, got, reason: `${done}; ${said}` };
}

function phaseRow(run: RunData, analysis: Analysis, phase: PhaseWindow): PhaseRow {
  const inside = (ns: number) => ns > phase.startNs && ns <= phase.endNs;
  const kernel = analysis.joined.requests.filter((r) => inside(r.startNs)).map((r) => r.ttftMs);
  const sent = run.samples.filter((sample) => inside(sample.atNs));
  const client = sent.flatMap((sample) => sample.ttftMs ?? []);
  const at = (values: number[], q: number) => values.length === 0 ? null : quantile(values, q);
  return {
    name: phase.name,
    start: toIso(run.anchor, phase.startNs),
    end: toIso(run.anchor, phase.endNs),
    requests: sent.length,
    errors: sent.filter((sample) => sample.error !== null).length,
    ttft_p50_ms: at(kernel, 0.5),
    ttft_p95_ms: at(kernel, 0.95),
    client_ttft_p50_ms: at(client, 0.5),
    client_ttft_p95_ms: at(client, 0.95),
  };
}

function unwatched(analysis: Analysis): string[] {
  return Object.entries(analysis.baselineSplit ?? {}).filter(([, ms]) => ms === null).map(([label]) => label);
}
