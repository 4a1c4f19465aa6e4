/** `sloctl demo`: run live or replay, conclude, close the report, and only then open the label. */
import { ebpfRefusal } from "../host/ebpf_refusal.ts";
import { EXIT, UnsupportedError } from "../model/errors.ts";
import type { Io } from "../model/io.ts";
import { toJson } from "../model/json.ts";
import { analyse } from "./demo/analyse.ts";
import { writeArtifacts } from "./demo/artifacts.ts";
import { sha256 } from "./demo/blind.ts";
import { runLive } from "./demo/live.ts";
import { type Fault, parsePhases } from "./demo/plan.ts";
import { record, replay } from "./demo/recorded.ts";
import { renderReport } from "./demo/render.ts";
import { closeReport, judge, type PhaseRow } from "./demo/report.ts";
import type { Label, RunData } from "./demo/run_data.ts";
import { watchKernel } from "./watch.ts";

export interface DemoOptions {
  readonly fault: Fault | "random";
  readonly tls: boolean;
  /** The lab is not instrumented: requests are estimated from sockets. */
  readonly noSpans: boolean;
  readonly phases?: string;
  readonly out: string;
  readonly json: boolean;
  /** Record the live run here. */
  readonly record?: string;
  /** Play this recording instead of a live run. */
  readonly replay?: string;
  readonly header?: string;
  readonly argv: readonly string[];
}

/** Played where the kernel does not let us in; made by `sloctl demo --record` (its provenance is inside). */
const COMMITTED = new URL("../../fixtures/recordings/dns_latency.jsonl.gz", import.meta.url);

/** Exit code 0 when what was injected is what was attributed, 1 when not. */
export async function demo(options: DemoOptions, io: Io): Promise<number> {
  const phases = parsePhases(options.phases);
  const records: Uint8Array[] = [];
  const { data, openLabel } = await obtain({ ...options, phasesS: phases }, records, io);

  const analysis = analyse(data);
  const closed = closeReport(data, analysis);
  const digest = await sha256(toJson(closed));
  const label = await openLabel();

  const verdict = judge(label, analysis);
  const report = { ...closed, injected: { ...label }, verdict, closed_sha256: digest };
  const shown = {
    run: data,
    analysis,
    phases: closed.phases as readonly PhaseRow[],
    verdict,
    label,
    artifacts: options.out,
  };
  await writeArtifacts(options.out, data, analysis, report, renderReport(shown, { color: false, width: 100 }));
  if (options.record !== undefined) {
    const bytes = await record(options.record, data, records, label);
    io.err(`recorded ${records.length} kernel records in "${options.record}", ${Math.ceil(bytes / 1024)} KiB\n`);
  }
  if (options.json) io.out(`${toJson(report, 2)}\n`);
  else io.out(renderReport(shown, { color: io.color, width: Math.min(io.columns, 110) }));
  return verdict.pass ? EXIT.ok : EXIT.gateSaidNo;
}

async function obtain(
  options: DemoOptions & { readonly phasesS: ReturnType<typeof parsePhases> },
  records: Uint8Array[],
  io: Io,
): Promise<{ data: RunData; openLabel: () => Promise<Label> }> {
  if (options.replay !== undefined) return await replay(options.replay);
  const refusal = ebpfRefusal() ?? tried();
  if (refusal !== null) {
    if (options.record !== undefined) throw new UnsupportedError(`Cannot record a live run: ${refusal}`);
    const recorded = await replay(COMMITTED);
    const other = options.fault === recorded.data.faultAsked
      ? ""
      : ` (of ${recorded.data.faultAsked}, the only one there is)`;
    io.err(`replay | ${refusal}: playing a recording of a real run instead${other}\n`);
    return recorded;
  }
  const { fault, phasesS, argv, header, tls, noSpans } = options;
  return await runLive({
    fault,
    phases: phasesS,
    argv,
    seed: "demo",
    tls,
    noSpans,
    ...(options.record === undefined ? {} : { onRecord: (bytes) => void records.push(bytes) }),
    ...(header === undefined ? {} : { header }),
  }, io);
}

/** Attaches the probes for a moment: what only the kernel itself can refuse (a seccomp filter, a lockdown). */
function tried(): string | null {
  try {
    watchKernel({ timers: true }, () => {})[Symbol.dispose]();
    return null;
  } catch (error) {
    if (error instanceof UnsupportedError) return error.message;
    throw error;
  }
}
