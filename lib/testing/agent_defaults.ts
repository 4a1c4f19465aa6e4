import { NOBODY_NAMED } from "../correlate/peers.ts";
import type { AgentOptions } from "../run/agent_options.ts";
import { SEND_NOTHING } from "../run/send_options.ts";

/** What `sloctl agent` is given without any flag. */
export const AGENT_DEFAULTS: AgentOptions = {
  forMs: undefined,
  json: false,
  output: undefined,
  outputPath: undefined,
  eventKind: "probe",
  wantsEvents: false,
  eventSchema: "v1alpha2",
  count: 0,
  pids: [],
  comm: undefined,
  cgroups: [],
  disabledSignals: [],
  capabilityMode: "auto",
  source: "kernel",
  scenario: undefined,
  intervalMs: undefined,
  cluster: undefined,
  workload: undefined,
  service: undefined,
  probeSmoke: false,
  node: undefined,
  namespace: "",
  pod: "",
  container: "",
  peers: NOBODY_NAMED,
  send: SEND_NOTHING,
  objectiveMs: 800,
  guard: null,
  sampling: { events_per_second_limit: 10_000, burst_limit: 20_000 },
};
