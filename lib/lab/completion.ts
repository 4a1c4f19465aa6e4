/** What the model says, and the OpenAI wire form it is said in. The same seed and messages give the same text. Pure. */
import type { ChatRequest } from "./chat_request.ts";
import { hashText, seededRandom, tokenise, words } from "./seeded.ts";

export interface Completion {
  readonly id: string;
  readonly model: string;
  /** Pieces of text, one per token. Their concatenation is the answer. */
  readonly tokens: readonly string[];
  readonly finishReason: "stop" | "length";
  readonly promptTokens: number;
}

/** An answer ends by itself after this many tokens, drawn per request. */
const SHORTEST = 24;
const LONGEST = 48;
/** No answer is longer, whatever was asked for: about 40 s of streaming. */
const LIMIT = 4096;

export function complete(seed: number, request: ChatRequest): Completion {
  const prompt = request.messages.map(({ role, content }) => `${role}: ${content}`).join("\n");
  const hash = hashText(`${request.model}\n${prompt}`, seed);
  const random = seededRandom(hash);
  const natural = SHORTEST + Math.floor(random() * (LONGEST - SHORTEST + 1));
  const wanted = request.ignoreEos && request.maxTokens !== null ? request.maxTokens : natural;
  const length = Math.min(wanted, request.maxTokens ?? wanted, LIMIT);
  const all = words(length, random).map((word, i) => i === 0 ? capital(word) : ` ${word}`);
  const tokens = cutAtStop(all, request.stop);
  const limited = length === request.maxTokens && tokens.length === all.length;
  return {
    id: `chatcmpl-${hash.toString(16).padStart(8, "0")}`,
    model: request.model,
    tokens,
    finishReason: limited ? "length" : "stop",
    promptTokens: tokenise(prompt).length,
  };
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

/** Tokens up to the first stop sequence, which is not part of the answer. */
function cutAtStop(tokens: string[], stops: readonly string[]): string[] {
  const text = tokens.join("");
  const cuts = stops.map((stop) => text.indexOf(stop)).filter((at) => at >= 0);
  if (cuts.length === 0) return tokens;
  let room = Math.min(...cuts);
  const kept: string[] = [];
  for (const token of tokens) {
    if (room <= 0) break;
    kept.push(token.slice(0, room));
    room -= token.length;
  }
  return kept;
}

export function usage(completion: Completion): Record<string, number> {
  const { promptTokens, tokens } = completion;
  return { prompt_tokens: promptTokens, completion_tokens: tokens.length, total_tokens: promptTokens + tokens.length };
}

/** The whole answer as one document. `created` in Unix seconds. */
export function completionBody(completion: Completion, created: number): string {
  return JSON.stringify({
    id: completion.id,
    object: "chat.completion",
    created,
    model: completion.model,
    choices: [{
      index: 0,
      message: { role: "assistant", content: completion.tokens.join(""), refusal: null },
      logprobs: null,
      finish_reason: completion.finishReason,
    }],
    usage: usage(completion),
  });
}

type Delta = { role?: "assistant"; content?: string };

/** The documents of a streamed answer. With `includeUsage` all but the last carry `usage: null`, and the last no choices. */
export class ChunkWriter {
  constructor(
    readonly completion: Completion,
    readonly created: number,
    readonly includeUsage: boolean,
  ) {}

  role(): string {
    return this.#choice({ role: "assistant", content: "" }, null);
  }

  token(text: string): string {
    return this.#choice({ content: text }, null);
  }

  finish(): string {
    return this.#choice({}, this.completion.finishReason);
  }

  usage(): string {
    return this.#document([], usage(this.completion));
  }

  #choice(delta: Delta, finishReason: string | null): string {
    return this.#document([{ index: 0, delta, logprobs: null, finish_reason: finishReason }], null);
  }

  #document(choices: unknown[], tokens: Record<string, number> | null): string {
    const { id, model } = this.completion;
    const head = { id, object: "chat.completion.chunk", created: this.created, model, choices };
    return JSON.stringify(this.includeUsage ? { ...head, usage: tokens } : head);
  }
}
