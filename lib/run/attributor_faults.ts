/** Fault samples -> incidents. The labels in a sample are kept for the score; the answer never sees them. */
import { BAYES_VERSION, bayesVerdict, RULE_VERSION, ruleVerdict } from "../attribute/signals.ts";
import type { IncidentAttribution } from "../model/incident_attribution.ts";
import type { Io } from "../model/io.ts";
import type { FaultSample } from "../model/samples.ts";
import type { Documents } from "../source/documents.ts";
import type { Attributed, AttributedInput, AttributionMode } from "./attributor.ts";

/** Below it the budget lasts: the objective did not move. */
const BURNING = 1;

export function attributeFaults(documents: Documents, asked: AttributionMode, io: Pick<Io, "err">): AttributedInput {
  const mode = asked === "bayes" ? "bayes" : "rule";
  if (asked === "model") {
    io.err(
      "sloctl: fault samples hold signals alone, no requests whose time could be split: the rule on signals is used, not the model\n",
    );
  }
  return {
    cases: documents.faults.map((sample) => attributed(sample, mode)),
    source: "fault_samples",
    mode,
    refused: documents.refused,
    synthetic: documents.synthetic,
    replay: documents.replay,
  };
}

function attributed(sample: FaultSample, mode: "bayes" | "rule"): Attributed {
  const { fault_label: _label, expected_domain, expected_domains, ...seen } = sample;
  const all = expected_domains ?? (expected_domain === undefined ? [] : [expected_domain]);
  const expected = expected_domain ?? expected_domains?.[0];
  return {
    incidentId: sample.incident_id,
    timestamp: sample.timestamp,
    answer: answer(seen, mode),
    expected: expected === undefined ? null : { domain: expected, all },
  };
}

/** What may be looked at. */
type Seen = Omit<FaultSample, "fault_label" | "expected_domain" | "expected_domains">;

function answer(sample: Seen, mode: "bayes" | "rule"): IncidentAttribution | null {
  if (sample.burn_rate < BURNING) return null;
  const verdict = mode === "bayes" ? bayesVerdict(sample.signals) : ruleVerdict(sample.signals);
  const shown = verdict.elevated.length > 0 ? verdict.elevated : Object.keys(sample.signals).slice(0, 3);
  return {
    incident_id: sample.incident_id,
    timestamp: sample.timestamp,
    cluster: sample.cluster ?? "",
    service: sample.service ?? "",
    predicted_fault_domain: verdict.domain,
    confidence: verdict.confidence,
    evidence: shown.map((signal) => ({ signal, value: sample.signals[signal]!, source: "ebpf" as const })),
    slo_impact: {
      sli: "ttft_ms",
      burn_rate: sample.burn_rate,
      window_minutes: Math.max(1, Math.round(sample.window_minutes ?? 1)),
    },
    ...(sample.namespace ? { namespace: sample.namespace } : {}),
    ...(sample.trace_id ? { trace_ids: [sample.trace_id] } : {}),
    ...(sample.request_id ? { request_ids: [sample.request_id] } : {}),
    fault_hypotheses: verdict.hypotheses.slice(0, 3),
    schema: "incident_attribution/v1.1",
    attribution_mode: mode,
    model_version: mode === "bayes" ? BAYES_VERSION : RULE_VERSION,
    ...(verdict.domain === "unknown" && verdict.elevated.length === 0
      ? { unknown_reason: "no signal is above its threshold" }
      : {}),
    ...(sample.synthetic === true ? { synthetic: true as const } : {}),
  };
}
