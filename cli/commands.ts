/**
 * Every command there is, in the order help lists them. A definition file is light: it declares flags, and loads the
 * work behind it (lib/run) only when it runs, so that help stays fast.
 */
import type { Command } from "./command.ts";
import { command as agent } from "./agent.ts";
import { command as benchgen } from "./benchgen.ts";
import { command as cdgate } from "./cdgate.ts";
import { command as collector } from "./collector.ts";
import { command as completions } from "./completions.ts";
import { command as attributor } from "./attributor.ts";
import { command as correlationeval } from "./correlationeval.ts";
import { command as demo } from "./demo.ts";
import { command as explain } from "./explain.ts";
import { command as faultinject } from "./faultinject.ts";
import { command as faultreplay } from "./faultreplay.ts";
import { command as gate } from "./gate.ts";
import { command as incidents } from "./incidents.ts";
import { command as lab } from "./lab.ts";
import { command as loadgen } from "./loadgen.ts";
import { command as m5gate } from "./m5gate.ts";
import { command as prereq } from "./prereq.ts";
import { command as schema } from "./schema.ts";
import { command as slo } from "./slo.ts";
import { command as store } from "./store.ts";
import { command as supportBundle } from "./support_bundle.ts";
import { command as token } from "./token.ts";
import { command as top } from "./top.ts";
import { command as version } from "./version.ts";
import { command as webhook } from "./webhook.ts";

export const COMMANDS: readonly Command[] = [
  demo,
  agent,
  lab,
  attributor,
  collector,
  token,
  incidents,
  explain,
  top,
  store,
  faultinject,
  faultreplay,
  loadgen,
  benchgen,
  correlationeval,
  m5gate,
  gate,
  cdgate,
  slo,
  webhook,
  prereq,
  schema,
  supportBundle,
  version,
  completions,
];
