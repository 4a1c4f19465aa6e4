/**
 * Tokens counted by a tokenizer that listens: the server's own, as vLLM and llama.cpp offer at /tokenize. Asked once the load is over,
 * with the joined text of each answer, so that no token is added per chunk.
 */
import { IoError } from "../../model/errors.ts";
import type { LoopRecord } from "../../load/record_log.ts";

export interface TokenCount {
  /** Answers it counted; where the server had counted too, how often the two differ, and by how much at most. */
  readonly counted: number;
  readonly compared: number;
  readonly differing: number;
  readonly most_difference: number;
}

/** Asked at the same time. */
const LANES = 8;

/** Records without a count of the server's get the tokenizer's. @throws IoError when it does not answer as such */
export async function tokenize(
  url: string,
  model: string,
  records: readonly LoopRecord[],
  signal: AbortSignal,
): Promise<{ readonly records: LoopRecord[]; readonly count: TokenCount }> {
  const counts = new Map<number, number>();
  const texts = records.flatMap(({ text }, i) => text === undefined ? [] : [[i, text] as const]).values();
  const lane = async () => {
    for (const [i, text] of texts) counts.set(i, await ask(url, model, text, signal));
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  const told = [...counts].flatMap(([i, n]) =>
    records[i]!.n_source === "usage" ? [Math.abs(n - records[i]!.n_out!)] : []
  );
  return {
    records: records.map((record, i) => {
      const n = counts.get(i);
      return n === undefined || record.n_source === "usage" ? record : { ...record, n_out: n, n_source: "tokenizer" };
    }),
    count: {
      counted: counts.size,
      compared: told.length,
      differing: told.filter((by) => by > 0).length,
      most_difference: told.reduce((most, by) => Math.max(most, by), 0),
    },
  };
}

async function ask(url: string, model: string, text: string, signal: AbortSignal): Promise<number> {
  const refuse = (state: string) =>
    new IoError(`Cannot count tokens by "${url}": ${state}`, "Give an endpoint such as http://127.0.0.1:8000/tokenize");
  let answer: { readonly count?: unknown; readonly tokens?: unknown };
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      // Each server reads the members it knows.
      body: JSON.stringify({ model, prompt: text, content: text, add_special_tokens: false, add_special: false }),
      signal,
    });
    if (!response.ok) throw refuse(`it answers ${response.status}`);
    answer = await response.json();
  } catch (error) {
    throw error instanceof IoError ? error : refuse((error as Error).message);
  }
  const n = typeof answer.count === "number"
    ? answer.count
    : Array.isArray(answer.tokens)
    ? answer.tokens.length
    : null;
  if (n === null) throw refuse("its answer holds neither count nor tokens");
  return n;
}
