/** The agent that is measured: the program itself in a process of its own, looked at again and again. */
import { IoError } from "../../model/errors.ts";
import { ProcessBpf, ProcessCpu } from "../../host/process_cpu.ts";
import { endsWithUs } from "../../host/ends_with_us.ts";
import { selfCommand } from "../../host/self.ts";
import { RunStats } from "../../kernel/run_stats.ts";

/** A stretch between two looks. */
export interface CostRow {
  /** Unix milliseconds of its end. */
  readonly atMs: number;
  readonly fromMs: number;
  /** Of one CPU. */
  readonly cpuPct: number;
  /** Part of it that is run time of its BPF programs, on whatever thread's account. */
  readonly bpfPct: number;
  readonly memoryMb: number;
}

export interface AgentCost {
  readonly rows: readonly CostRow[];
  /** CPU time it had taken when the first row began: its start, and what it compiled. */
  readonly startMs: number;
}

export interface MeasuredAgent extends AsyncDisposable {
  /** Resolves when it has attached its probes and begun to write. */
  readonly attached: Promise<void>;
  /** From now on a row is kept every `everyMs`. */
  begin(everyMs: number): void;
  /** Ends it in order, and yields the rows and what it said. */
  end(): Promise<AgentCost & { readonly said: string }>;
}

export interface AgentPlan {
  /** argv of the agent, without the program. */
  readonly args: readonly string[];
  /** argv prefix that runs the program; for tests. */
  readonly program?: readonly string[];
}

const GRACE_MS = 5000;
const ATTACH_MS = 30_000;

/** @throws UnsupportedError, through `attached`, where it cannot attach */
export function startAgent({ args, program = selfCommand() }: AgentPlan): MeasuredAgent {
  const [path, ...prefix] = endsWithUs(program);
  const child = new Deno.Command(path!, {
    args: [...prefix, ...args],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
    env: { NO_COLOR: "1" },
  }).spawn();
  const cpu = new ProcessCpu(child.pid);
  const bpf = new ProcessBpf(child.pid);
  const stats = new RunStats();
  const rows: CostRow[] = [];
  let startMs = NaN;
  let gone = false;
  let said = "";
  const listening = (async () => {
    for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) said += text;
  })();
  const status = child.status.then((end) => {
    gone = true;
    return end;
  });
  let timer: ReturnType<typeof setInterval> | undefined;
  const look = () => {
    const [own, programs] = [cpu.cpuNs(), bpf.runNs()];
    return own === null || programs === null ? null : { atMs: now(), ns: own + programs, bpfNs: programs };
  };
  const end = async () => {
    clearInterval(timer);
    const late = setTimeout(() => child.kill("SIGKILL"), GRACE_MS);
    if (!gone) child.kill("SIGINT");
    await status;
    await listening;
    clearTimeout(late);
    stats[Symbol.dispose]();
    return { rows, startMs, said };
  };
  let ended: ReturnType<typeof end> | undefined;
  return {
    attached: attachedBy(bpf, stats, () => gone ? said : null),
    begin(everyMs) {
      bpf.refresh();
      let before = look();
      startMs = (before?.ns ?? NaN) / 1e6;
      timer = setInterval(() => {
        const after = look();
        if (before !== null && after !== null) {
          const pct = (ns: number) => ns / 1e4 / (after.atMs - before!.atMs);
          rows.push({
            fromMs: before.atMs,
            atMs: after.atMs,
            cpuPct: pct(after.ns - before.ns),
            bpfPct: pct(after.bpfNs - before.bpfNs),
            memoryMb: cpu.rssMb() ?? NaN,
          });
        }
        before = after;
      }, everyMs);
    },
    end: () => ended ??= end(),
    async [Symbol.asyncDispose]() {
      await (ended ??= end());
    },
  };
}

/** Wall time that does not step. */
function now(): number {
  return performance.timeOrigin + performance.now();
}

async function attachedBy(bpf: ProcessBpf, stats: RunStats, ended: () => string | null): Promise<void> {
  if (!stats.enabled) {
    throw new IoError(
      "Cannot measure the agent: the kernel keeps no statistics of BPF programs for us",
      "Run it as root",
    );
  }
  const until = performance.now() + ATTACH_MS;
  for (let held = 0; performance.now() < until;) {
    const said = ended();
    if (said !== null) throw new IoError(`Cannot start the agent: ${said.trim().split("\n")[0] ?? "it ended"}`);
    const holds = bpf.refresh();
    // Loaded one by one: it is done when their number has stopped growing.
    if (holds > 0 && holds === held) return;
    held = holds;
    await new Promise((done) => setTimeout(done, 500));
  }
  throw new IoError(`Cannot start the agent: it attached nothing within ${ATTACH_MS / 1000} s`);
}
