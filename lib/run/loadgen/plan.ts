/** Options -> the list of requests, drawn from the seed before anything is sent. */
import type { Plan } from "../../load/arrival.ts";
import { parseStages } from "../../load/stages.ts";
import type { Stage } from "../../load/rate.ts";
import { drawKinds, drawSchedule, MOST_ARRIVALS, steady, totalSeconds, withCancels } from "../../load/schedule.ts";
import { readTrace } from "../../load/trace/read.ts";
import { type Distortion, replay } from "../../load/trace/replay.ts";
import { IoError, UsageError } from "../../model/errors.ts";
import type { Io } from "../../model/io.ts";
import { LOAD_PROFILES } from "../../model/load_profile.ts";
import type { ArrivalProcess, LoadgenOptions } from "./options.ts";

export interface Planned {
  readonly plan: Plan;
  readonly process: ArrivalProcess | "trace";
  /** What was asked for, in words: `poisson 20 req/s`. */
  readonly words: string;
  /** Seconds of warm-up, window and cool-down. */
  readonly seconds: { readonly warmup: number; readonly window: number; readonly cooldown: number };
  readonly trace: (Distortion & { readonly file: string }) | null;
}

const DEFAULT_WINDOW_S = 10;
/** Lengths drawn for a closed loop; the list repeats. */
const CLOSED_LIST = 10_000;
const DEFAULT_CONCURRENCY = 8;

/** @throws UsageError, IoError */
export async function planOf(options: LoadgenOptions, io: Pick<Io, "stdin" | "err">): Promise<Planned> {
  const planned = options.trace !== undefined
    ? await traced(options, options.trace, io)
    : processOf(options, io) === "closed"
    ? closed(options)
    : open(options, processOf(options, io) as Exclude<ArrivalProcess, "closed">);
  if (options.cancelShare === 0) return planned;
  const arrivals = withCancels(planned.plan.arrivals, options.cancelShare, options.cancelAfterMs * 1e6, options.seed);
  return { ...planned, plan: { ...planned.plan, arrivals } };
}

function processOf({ arrival, concurrency, rps }: LoadgenOptions, io: Pick<Io, "err">): ArrivalProcess {
  if (concurrency !== undefined && arrival === undefined && rps === undefined) return "closed";
  const process = arrival ?? "poisson";
  if (concurrency !== undefined && process !== "closed") {
    io.err(
      "sloctl: --concurrency belongs to the closed loop and has no effect here; --max-in-flight bounds an open one\n",
    );
  }
  if (rps !== undefined && process === "closed") io.err("sloctl: --rps has no effect in a closed loop\n");
  return process;
}

function open(options: LoadgenOptions, process: Exclude<ArrivalProcess, "closed">): Planned {
  const profile = LOAD_PROFILES[options.profile];
  const rps = options.rps ?? profile.requestsPerSecond;
  const { stages, words } = stagesOf(options, process, rps);
  const all = totalSeconds(stages);
  const window = all - options.warmupS - options.cooldownS;
  if (!(window > 0)) {
    throw new UsageError(
      `Cannot judge a window of ${window} s: the stages are over before`,
      "Make the stages longer, or --warmup-sec and --cooldown-sec shorter",
    );
  }
  const gaps = process === "ramp" || process === "stages" ? options.within : process;
  try {
    const arrivals = drawSchedule({
      gaps,
      shape: options.gammaShape,
      stages,
      most: options.requests ?? Infinity,
      rescale: options.rescaleGaps,
      seed: options.seed,
      profile,
    });
    return {
      plan: { loop: "open", arrivals },
      process,
      words: words + (options.rescaleGaps && gaps !== "constant" ? ", gaps rescaled (not Poisson)" : ""),
      seconds: { warmup: options.warmupS, window, cooldown: options.cooldownS },
      trace: null,
    };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new UsageError(
      `Cannot plan "${words}": ${error.message}`,
      "Lower --rps or --duration-sec, or give --requests",
    );
  }
}

function stagesOf(options: LoadgenOptions, process: ArrivalProcess, rps: number): { stages: Stage[]; words: string } {
  const { warmupS, cooldownS, durationS = DEFAULT_WINDOW_S, curve } = options;
  if (process === "stages") {
    const stages = options.stages === undefined ? null : parseStages(options.stages, curve);
    if (stages === null) {
      throw new UsageError(
        options.stages === undefined
          ? 'Cannot arrive by "stages": no stages are given'
          : `Cannot read stages "${options.stages}": they are not DURATION:RPS or DURATION:RPS-RPS`,
        'Give --stages "30s:5,1m:5-20,30s:20"',
      );
    }
    return { stages, words: `stages ${options.stages}, ${options.within} within` };
  }
  if (process === "ramp") {
    const from = options.rpsFrom ?? rps / 10;
    if (curve === "exponential" && from === 0) {
      throw new UsageError('Cannot ramp up exponentially from "0"', "Give --rps-from above 0, or --ramp linear");
    }
    const ramp: Stage = { seconds: durationS, from, to: rps, curve };
    const stages = [steady(from, warmupS), ramp, steady(rps, cooldownS)].filter(({ seconds }) => seconds > 0);
    return { stages, words: `${curve} ramp ${from} to ${rps} req/s, ${options.within} within` };
  }
  const shape = process === "gamma" ? ` (shape ${options.gammaShape})` : "";
  return { stages: [steady(rps, warmupS + durationS + cooldownS)], words: `${process}${shape} ${rps} req/s` };
}

function closed(options: LoadgenOptions): Planned {
  const { warmupS, cooldownS, durationS = DEFAULT_WINDOW_S, concurrency = DEFAULT_CONCURRENCY } = options;
  const n = Math.min(options.requests ?? CLOSED_LIST, CLOSED_LIST);
  return {
    plan: {
      loop: "closed",
      arrivals: drawKinds(LOAD_PROFILES[options.profile], options.seed, n),
      concurrency,
      thinkNs: options.thinkMs * 1e6,
      endNs: (warmupS + durationS + cooldownS) * 1e9,
      most: Math.min(options.requests ?? MOST_ARRIVALS, MOST_ARRIVALS),
    },
    process: "closed",
    words: `closed loop, ${concurrency} at a time${options.thinkMs > 0 ? `, ${options.thinkMs} ms between` : ""}`,
    seconds: { warmup: warmupS, window: durationS, cooldown: cooldownS },
    trace: null,
  };
}

async function traced(options: LoadgenOptions, file: string, io: Pick<Io, "stdin" | "err">): Promise<Planned> {
  if (options.arrival !== undefined) {
    throw new UsageError(
      `Cannot arrive by "${options.arrival}" and by a trace: a trace has its own arrivals`,
      "Leave out --arrival or --trace",
    );
  }
  const trace = await readTrace(file === "-" ? io.stdin : opened(file), file === "-" ? "standard input" : file);
  const seconds = options.durationS === undefined ? Infinity : options.warmupS + options.durationS + options.cooldownS;
  const { arrivals, distortion } = replay(trace, {
    spread: options.spread,
    seed: options.seed,
    timeScale: options.timeScale,
    skipS: options.traceSkipS,
    seconds,
    mostIn: options.mostIn ?? Infinity,
    mostOut: options.mostOut ?? Infinity,
  });
  if (arrivals.length === 0) {
    const { no_length: bare, before_crop: before, after_crop: after } = distortion.left_out;
    throw new IoError(
      `Cannot replay "${file}": no row is left of ${distortion.rows} (${bare} without tokens, ${
        before + after
      } cropped)`,
      bare === distortion.rows ? "Check the columns of its lengths" : "Widen the crop",
    );
  }
  if (options.spread !== undefined && options.spread !== distortion.spread) {
    io.err(`sloctl: --spread ${options.spread} has no effect: the clock of this trace does not tick\n`);
  }
  const used = options.requests === undefined ? arrivals : arrivals.slice(0, options.requests);
  const last = used[used.length - 1]!.g_ns! / 1e9;
  const all = Number.isFinite(seconds) ? seconds : Math.max(1, Math.ceil(last + 1e-9));
  const window = all - options.warmupS - options.cooldownS;
  if (!(window > 0)) {
    throw new UsageError(
      `Cannot judge a window of ${window} s: the trace is over before`,
      "Make --warmup-sec and --cooldown-sec shorter",
    );
  }
  return {
    plan: { loop: "open", arrivals: used },
    process: "trace",
    words: `${distortion.format} trace, ${options.timeScale} times as fast`,
    seconds: { warmup: options.warmupS, window, cooldown: options.cooldownS },
    trace: { file: file.split("/").pop()!, ...distortion },
  };
}

async function* opened(path: string): AsyncGenerator<Uint8Array> {
  let file: Deno.FsFile;
  try {
    file = await Deno.open(path);
    if ((await file.stat()).isDirectory) {
      file.close();
      throw new IoError(`Cannot read trace "${path}": it is a directory`, "Name a file");
    }
  } catch (error) {
    if (error instanceof IoError) throw error;
    const why = error instanceof Deno.errors.NotFound ? "there is no such file" : (error as Error).message;
    throw new IoError(`Cannot read trace "${path}": ${why}`, "Check the path and your rights to it");
  }
  yield* file.readable;
}
