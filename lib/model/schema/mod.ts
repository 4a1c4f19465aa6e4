/** The JSON Schemas (2020-12) of every document we emit. Imported as modules, so an embedded tree and a file tree load alike. */
import agentsAnswer from "./agents-answer.v1.json" with { type: "json" };
import healthAnswer from "./health-answer.v1.json" with { type: "json" };
import incidentAnswer from "./incident-answer.v1.json" with { type: "json" };
import incidentsAnswer from "./incidents-answer.v1.json" with { type: "json" };
import requestAnswer from "./request-answer.v1.json" with { type: "json" };
import requestsAnswer from "./requests-answer.v1.json" with { type: "json" };
import signalsAnswer from "./signals-answer.v1.json" with { type: "json" };
import snapshotAnswer from "./snapshot-answer.v1.json" with { type: "json" };
import tokensAnswer from "./tokens-answer.v1.json" with { type: "json" };
import trimAnswer from "./trim-answer.v1.json" with { type: "json" };
import sloAnswer from "./slo-answer.v1.json" with { type: "json" };
import watchEvent from "./watch-event.v1.json" with { type: "json" };
import status from "./status.v1.json" with { type: "json" };
import benchManifest from "./bench-manifest.v1.json" with { type: "json" };
import benchProvenance from "./bench-provenance.v1.json" with { type: "json" };
import demoReport from "./demo-report.v1.json" with { type: "json" };
import diagnosis from "./diagnosis.v1.json" with { type: "json" };
import faultSample from "./fault-sample.v1.json" with { type: "json" };
import cdgate from "./cdgate.v1.json" with { type: "json" };
import gateResult from "./gate-result.v1.json" with { type: "json" };
import gatePolicy from "./gate-policy.v1.json" with { type: "json" };
import incident from "./incident.v1.json" with { type: "json" };
import incidentAttribution from "./incident-attribution.v1.json" with { type: "json" };
import incidentAttribution11 from "./incident-attribution.v1.1.json" with { type: "json" };
import labelledPair from "./labelled-pair.v1.json" with { type: "json" };
import loadArrival from "./load-arrival.v1.json" with { type: "json" };
import loadReport from "./load-report.v1.json" with { type: "json" };
import loadRequest from "./load-request.v1.json" with { type: "json" };
import m5GateSummary from "./m5-gate-summary.v1.json" with { type: "json" };
import probeEvent1 from "./probe-event.v1alpha1.json" with { type: "json" };
import probeEvent2 from "./probe-event.v1alpha2.json" with { type: "json" };
import rawSample from "./raw-sample.v1.json" with { type: "json" };
import recording from "./recording.v1.json" with { type: "json" };
import scenario from "./scenario.v1.json" with { type: "json" };
import slo from "./slo.v1.json" with { type: "json" };
import sloStatus from "./slo-status.v1.json" with { type: "json" };
import sloEvent from "./slo-event.v1.json" with { type: "json" };
import sloEvent11 from "./slo-event.v1.1.json" with { type: "json" };

/** By name and version; the `$id` of each is `SCHEMA_BASE` followed by this name. */
export const SCHEMAS = {
  "agents-answer/v1": agentsAnswer,
  "health-answer/v1": healthAnswer,
  "incident-answer/v1": incidentAnswer,
  "incidents-answer/v1": incidentsAnswer,
  "request-answer/v1": requestAnswer,
  "requests-answer/v1": requestsAnswer,
  "signals-answer/v1": signalsAnswer,
  "slo-answer/v1": sloAnswer,
  "snapshot-answer/v1": snapshotAnswer,
  "tokens-answer/v1": tokensAnswer,
  "trim-answer/v1": trimAnswer,
  "watch-event/v1": watchEvent,
  "status/v1": status,
  "bench-manifest/v1": benchManifest,
  "bench-provenance/v1": benchProvenance,
  "demo-report/v1": demoReport,
  "diagnosis/v1": diagnosis,
  "fault-sample/v1": faultSample,
  "cdgate/v1": cdgate,
  "gate-policy/v1": gatePolicy,
  "gate-result/v1": gateResult,
  "incident/v1": incident,
  "incident-attribution/v1": incidentAttribution,
  "incident-attribution/v1.1": incidentAttribution11,
  "labelled-pair/v1": labelledPair,
  "load-arrival/v1": loadArrival,
  "load-report/v1": loadReport,
  "load-request/v1": loadRequest,
  "m5-gate-summary/v1": m5GateSummary,
  "probe-event/v1alpha1": probeEvent1,
  "probe-event/v1alpha2": probeEvent2,
  "raw-sample/v1": rawSample,
  "recording/v1": recording,
  "scenario/v1": scenario,
  "slo/v1": slo,
  "slo-status/v1": sloStatus,
  "slo-event/v1": sloEvent,
  "slo-event/v1.1": sloEvent11,
} as const;

export type SchemaName = keyof typeof SCHEMAS;

export const SCHEMA_BASE = "https://toolkit.llm-slo.dev/schemas/";
