/** raw_samples.jsonl of one run, read in pieces, so that its size costs time and not memory. */
import { createHash } from "node:crypto";
import { BENCH_FIELDS, type BenchField, type Run, type RunProblem } from "../model/bench_run.ts";
import { doubledKeyOfLine } from "../model/doubled_key.ts";
import { parseTimeMs } from "../model/time.ts";
import { strictNumber } from "./strict_number.ts";

/** Start and end of a run, in Unix milliseconds. */
export interface RunWindow {
  readonly startMs: number;
  readonly endMs: number;
}

export interface RawSamples {
  readonly run: Run;
  /** SHA-256, hex. */
  readonly digest: string;
  readonly synthetic: boolean;
  readonly problems: readonly RunProblem[];
}

const PIECE = 1 << 20;
const GZIP = [0x1f, 0x8b];
/** A row's time is rounded, and the run's own start is read a moment before its first request. */
const SLACK_MS = 1000;
/** More rows than this outside the run's time are no stragglers: a clock is wrong. */
const MOST_OUTSIDE = 0.01;
const NEVER_NEGATIVE = [...BENCH_FIELDS, "request_latency_ms"] as const;

/** Null where there is no such file; one that cannot be read to its end is a problem like any other. */
export function readRawSamples(path: string, name: string, window: RunWindow | null): RawSamples | null {
  const reader = new Reader(path, name, window);
  const hash = createHash("sha256");
  try {
    using file = Deno.openSync(path);
    const decoder = new TextDecoder();
    const piece = new Uint8Array(PIECE);
    let rest = "";
    let isFirst = true;
    for (let size = file.readSync(piece); size !== null; size = file.readSync(piece)) {
      const bytes = piece.subarray(0, size);
      hash.update(bytes);
      if (isFirst && bytes[0] === GZIP[0] && bytes[1] === GZIP[1]) reader.refuseGzip();
      isFirst = false;
      const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
      rest = lines.pop()!;
      for (const line of lines) reader.take(line, true);
    }
    reader.take(rest + decoder.decode(), false);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    reader.fail(error);
  }
  return { ...reader.end(), digest: hash.digest("hex") };
}

class Reader {
  readonly #columns: Record<BenchField, number[]> = { ttft_ms: [], token_throughput_tps: [], error_rate: [] };
  readonly #missing: Record<BenchField, number> = { ttft_ms: 0, token_throughput_tps: 0, error_rate: 0 };
  readonly #placeOf = new Map<string, number>();
  readonly #problems: RunProblem[] = [];
  #line = 0;
  #rows = 0;
  #duplicates = 0;
  #outside = 0;
  #synthetic = false;
  #isCompressed = false;

  constructor(readonly path: string, readonly name: string, readonly window: RunWindow | null) {}

  /** @param whole false for what stands after the last line break */
  take(line: string, whole: boolean): void {
    this.#line++;
    if (this.#isCompressed || line.trim() === "") return;
    let row: Record<string, unknown> | null;
    try {
      row = JSON.parse(line);
    } catch {
      return this.#refuse("not-evaluated", whole ? "unreadable" : "torn", whole ? "not JSON" : "torn, not whole JSON");
    }
    if (typeof row !== "object" || row === null || Array.isArray(row)) {
      return this.#refuse("not-evaluated", "unreadable", "not an object");
    }
    if (row.schema !== undefined && row.schema !== "raw_sample/v1") {
      return this.#refuse(
        "not-evaluated",
        "unknown-schema",
        `of schema "${row.schema}", which this version does not know`,
      );
    }
    const twice = doubledKeyOfLine(line, row);
    if (twice !== null) return this.#refuse("not-evaluated", "unreadable", `it says "${twice}" twice`);
    this.#rows++;
    if (row.synthetic === true) this.#synthetic = true;
    if (this.#isOutside(row.timestamp)) this.#outside++;
    else this.#keep(row);
  }

  refuseGzip(): void {
    const sentence = `"${this.path}" is compressed (gzip): unpack it`;
    this.#problems.push({ verdict: "not-evaluated", reason: "unreadable", sentence });
    this.#isCompressed = true;
  }

  fail(error: unknown): void {
    const state = error instanceof Deno.errors.PermissionDenied ? "permission denied" : "it cannot be read as a file";
    this.#problems.push({ verdict: "not-evaluated", reason: "unreadable", sentence: `"${this.path}": ${state}` });
  }

  end(): Omit<RawSamples, "digest"> {
    const { ttft_ms, token_throughput_tps, error_rate } = this.#columns;
    if (this.#rows === 0 && this.#problems.length === 0) {
      this.#problems.push({ verdict: "not-evaluated", reason: "no-data", sentence: `"${this.path}" holds no sample` });
    }
    if (this.#outside > MOST_OUTSIDE * this.#rows) {
      this.#problems.push({
        verdict: "inconclusive",
        reason: "clock-skew",
        sentence: `"${this.path}": ${this.#outside} of ${this.#rows} rows lie outside the run's time (clock-skew)`,
      });
    }
    return {
      run: {
        name: this.name,
        ttftMs: Float64Array.from(ttft_ms),
        tokensPerSecond: Float64Array.from(token_throughput_tps),
        errors: Float64Array.from(error_rate),
        rows: this.#rows,
        duplicates: this.#duplicates,
        outside: this.#outside,
        missing: this.#missing,
      },
      synthetic: this.#synthetic,
      problems: this.#problems,
    };
  }

  #keep(row: Record<string, unknown>): void {
    for (const key of NEVER_NEGATIVE) {
      const value = row[key];
      if (typeof value === "number" ? value < 0 : value === "-Inf") {
        this.#refuse("integrity", "negative", `a negative ${key}`);
      }
    }
    const [ttft, rate, errors] = BENCH_FIELDS.map((field) => this.#number(row, field)) as [number, number, number];
    const id = row.request_id;
    const at = typeof id === "string" && id !== "" ? this.#placeOf.get(id) : undefined;
    const { ttft_ms, token_throughput_tps, error_rate } = this.#columns;
    if (at !== undefined) this.#duplicates++;
    // Whichever of them came first in the file, the slowest counts; what is no number hides nothing.
    else if (typeof id === "string" && id !== "") this.#placeOf.set(id, ttft_ms.length);
    const place = at ?? ttft_ms.length;
    const failed = errors >= 0 && errors <= 1 ? errors : NaN;
    // Math.max is NaN where either is.
    error_rate[place] = at === undefined ? failed : Math.max(error_rate[at]!, failed);
    if (at !== undefined && !isSlower(ttft, rate, ttft_ms[at]!, token_throughput_tps[at]!)) return;
    ttft_ms[place] = ttft;
    token_throughput_tps[place] = rate;
  }

  /** Absent is missing, and no number is NaN: neither is 0. */
  #number(row: Record<string, unknown>, field: BenchField): number {
    const value = row[field];
    if (typeof value === "number") return value;
    if (value === undefined || value === null || value === "") this.#missing[field]++;
    return typeof value === "string" ? strictNumber(value) : NaN;
  }

  #isOutside(timestamp: unknown): boolean {
    if (this.window === null) return false;
    const at = typeof timestamp === "string" ? parseTimeMs(timestamp) : NaN;
    return !(at >= this.window.startMs - SLACK_MS && at <= this.window.endMs + SLACK_MS);
  }

  /** The first of its kind is told, with its line. */
  #refuse(verdict: RunProblem["verdict"], reason: string, state: string): void {
    if (this.#problems.some((problem) => problem.reason === reason)) return;
    this.#problems.push({ verdict, reason, sentence: `"${this.path}": line ${this.#line}: ${state}` });
  }
}

function isSlower(ttft: number, rate: number, otherTtft: number, otherRate: number): boolean {
  if (Number.isNaN(otherTtft)) return false;
  if (Number.isNaN(ttft) || ttft > otherTtft) return true;
  return ttft === otherTtft && !(rate >= otherRate);
}
