/**
 * The catalogue of latency and speed definitions. An id is frozen: a changed formula is a new id. Letters of the formulas are
 * instants of one request: g due, s sent, h headers, a first event with choices, t1 ... tc content chunks, r1 first content that is
 * not reasoning, e end of body, n output tokens. `from_send` counts from s, `from_schedule` from g.
 */

export type Unit = "ms" | "tokens/s" | "ratio" | "req/s";

export interface Definition {
  readonly id: string;
  readonly unit: Unit;
  readonly formula: string;
  readonly undefined_when: string;
  /** Other tools' name for the same number. */
  readonly elsewhere: string;
}

const ORIGINS = [["from_send", "s"], ["from_schedule", "g"]] as const;

function both(id: string, to: string, undefined_when: string, elsewhere = ""): Definition[] {
  return ORIGINS.map(([origin, from]) => ({
    id: `${id}.${origin}`,
    unit: "ms",
    formula: `${to} - ${from}`,
    undefined_when: origin === "from_schedule" ? `${undefined_when}, or closed loop` : undefined_when,
    elsewhere: origin === "from_send" ? elsewhere : "",
  }));
}

function one(id: string, unit: Unit, formula: string, undefined_when: string, elsewhere = ""): Definition {
  return { id, unit, formula, undefined_when, elsewhere };
}

/** One value (or, for gaps, several) per request. */
export const REQUEST_DEFINITIONS: readonly Definition[] = [
  one("lag.schedule", "ms", "s - g", "closed loop", "reported beside latency by AIPerf (replay) and inference-perf"),
  ...both("ttfb.headers", "h", "no headers"),
  ...both("ttft.choice", "a", "no such event", "vLLM bench TTFT"),
  ...both("ttft.content", "t1", "c = 0", "GuideLLM, AIPerf, LLMPerf TTFT"),
  ...both("ttfo.answer", "r1", "reasoning only", "AIPerf TTFO, GuideLLM TTFOT"),
  one("ttst.chunk", "ms", "t2 - t1", "c < 2", "AIPerf TTST"),
  one("tpot.decode", "ms", "(tc - t1) / (n - 1)", "n < 2", "vLLM bench, inference-perf TPOT; GuideLLM, AIPerf ITL"),
  one("tpot.whole.from_send", "ms", "(tc - s) / n", "n < 1", "GuideLLM TPOT, LLMPerf ITL (with the first token)"),
  one("ntpot.body.from_send", "ms", "(e - s) / n", "n < 1", "inference-perf NTPOT"),
  one("gap.chunk", "ms", "t(i+1) - t(i), pooled", "c < 2", "vLLM bench ITL, AIPerf ICL, OTel time_per_output_chunk"),
  one("gap.token_flat", "ms", "gap.chunk, each token at its chunk's stamp", "c < 2", "inference-perf ITL"),
  one("gap.per_token", "ms", "(t(i+1) - t(i)) / tokens of chunk i+1", "tokens per chunk unknown", "GenAI-Perf ITL"),
  one("gap.max", "ms", "largest gap.chunk of one request", "c < 2"),
  ...both("e2e.content", "tc", "c = 0", "vLLM bench, AIPerf"),
  ...both("e2e.body", "e", "body not finished", "GuideLLM, inference-perf"),
  one("speed.user", "tokens/s", "1 / tpot.decode", "n < 2"),
  one("speed.request", "tokens/s", "n / e2e.content.from_send", "n < 1 or c = 0"),
  ...both("duration", "end, however it ended", "never sent, or dropped"),
];

/** One value per run. */
export const RUN_DEFINITIONS: readonly Definition[] = [
  one("speed.system", "tokens/s", "sum of n over the window / window", "no token counted"),
  one(
    "goodput.fraction",
    "ratio",
    "good / (arrivals - cancels by scenario not yet late)",
    "no criteria, or nothing judged",
  ),
  one("goodput.rate", "req/s", "good / window", "no criteria"),
  one("goodput.tokens", "tokens/s", "sum of n of good requests / window", "no criteria"),
  one("goodput.fraction.ok_only", "ratio", "good / ok; for comparison, never gated", "no criteria, or no ok"),
  one("client.loop_lag", "ms", "timer fired - timer due, every 10 ms, none skipped", "nothing was run"),
];

/** Stated by server spans where they are collected; not measured by a client. */
export const SERVER_DEFINITIONS: readonly Definition[] = ["queue", "prefill", "decode", "ttft", "e2e"].map((part) =>
  one(`server.${part}`, "ms", "as the server's span states it", "attribute absent", "vLLM spans")
);

export const DEFINITIONS: readonly Definition[] = [...REQUEST_DEFINITIONS, ...RUN_DEFINITIONS, ...SERVER_DEFINITIONS];

export function definition(id: string): Definition | undefined {
  return DEFINITIONS.find((row) => row.id === id);
}
