/** One chunk of an OpenAI stream (chat or completions), as far as we read it. Servers differ: every member may be absent. */

export interface Chunk {
  readonly error?: unknown;
  readonly choices?: readonly Choice[];
  readonly usage?: {
    readonly prompt_tokens?: number;
    readonly completion_tokens?: number;
    readonly prompt_tokens_details?: { readonly cached_tokens?: number } | null;
    readonly completion_tokens_details?: { readonly reasoning_tokens?: number } | null;
  } | null;
}

interface Choice {
  readonly index?: number;
  readonly finish_reason?: string | null;
  /** Of completions. */
  readonly text?: string;
  readonly delta?: {
    readonly content?: unknown;
    readonly refusal?: unknown;
    readonly reasoning?: unknown;
    readonly reasoning_content?: unknown;
    readonly tool_calls?: unknown;
    readonly function_call?: unknown;
  } | null;
  readonly logprobs?: { readonly content?: unknown; readonly tokens?: unknown } | null;
  /** Of vLLM, where asked for. */
  readonly token_ids?: unknown;
}

/** Text of an answer or of a call of a tool, and text of reasoning. An empty delta has neither. */
export function contentOf(choice: Choice | undefined): { readonly text: string; readonly reasoning: string } {
  const delta = choice?.delta ?? {};
  const parts = [choice?.text, delta.content, delta.refusal, delta.tool_calls, delta.function_call];
  return { text: parts.map(words).join(""), reasoning: words(delta.reasoning_content) || words(delta.reasoning) };
}

function words(part: unknown): string {
  if (typeof part === "string") return part;
  if (Array.isArray(part)) return part.length === 0 ? "" : JSON.stringify(part);
  return typeof part === "object" && part !== null ? JSON.stringify(part) : "";
}

/** Tokens in this chunk, where the server tells: by ids, by log probabilities, or by a running count that stood at `before`. */
export function tokensOf(chunk: Chunk, before: number): number | null {
  const [choice] = chunk.choices ?? [];
  const list = [choice?.token_ids, choice?.logprobs?.content, choice?.logprobs?.tokens].find(Array.isArray);
  if (list !== undefined) return list.length;
  const count = chunk.usage?.completion_tokens;
  return typeof count === "number" ? count - before : null;
}

/** The JSON object that a text is, or null. */
export function parseChunk(text: string): Chunk | null {
  try {
    const value = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

/** What an error says of itself: the server's own word for it where it is one, else `stream_error`. */
export function errorOf(error: unknown, data: string): { readonly type: string; readonly detail: string } {
  const fields = typeof error === "object" && error !== null ? error as Record<string, unknown> : {};
  const word = [fields.type, fields.code].find((value) => typeof value === "string" && /^[\w.:-]{1,64}$/.test(value));
  const detail = typeof fields.message === "string" ? fields.message : typeof error === "string" ? error : data;
  return { type: (word as string | undefined) ?? "stream_error", detail: detail.slice(0, 200) };
}
