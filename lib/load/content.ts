/** What the chunks of one answer say: instants of content, tokens, why it finished. */
import { type Chunk, contentOf, tokensOf } from "./chunk.ts";

export class Content {
  readonly #keepText: boolean;
  #tokensBefore = 0;
  #tokensKnown = true;
  readonly #tTokens: number[] = [];
  aNs: number | null = null;
  r1Ns: number | null = null;
  readonly tNs: number[] = [];
  nIn: number | null = null;
  nOut: number | null = null;
  nReasoning: number | null = null;
  nCached: number | null = null;
  finishReason: string | null = null;
  /** The text of the answer, where it is kept. */
  text = "";

  constructor(keepText: boolean) {
    this.#keepText = keepText;
  }

  /** Tokens of each chunk, where every chunk told. */
  get tTokens(): readonly number[] | null {
    return this.#tokensKnown && this.tNs.length > 0 ? this.#tTokens : null;
  }

  /** A chunk of a stream, read at `atNs`. False: it holds more than one choice. */
  take(chunk: Chunk, atNs: number): boolean {
    if (severalChoices(chunk)) return false;
    const choice = chunk.choices?.[0];
    if (choice !== undefined) this.aNs ??= atNs;
    const { text, reasoning } = contentOf(choice);
    if (text !== "" || reasoning !== "") {
      this.#add(tokensOf(chunk, this.#tokensBefore), reasoning + text, text === "", atNs);
    }
    this.#end(chunk);
    return true;
  }

  /** An event that is no chunk, in a stream of anything. */
  takePlain(data: string, atNs: number): void {
    this.#add(null, data, false, atNs);
  }

  /** An answer in one piece: tokens and an end, no instants. */
  takeWhole(chunk: Chunk): boolean {
    if (severalChoices(chunk)) return false;
    this.#end(chunk);
    return true;
  }

  #add(tokens: number | null, text: string, onlyReasoning: boolean, atNs: number): void {
    this.tNs.push(atNs);
    this.#tTokens.push(tokens ?? 0);
    if (tokens === null) this.#tokensKnown = false;
    if (!onlyReasoning) this.r1Ns ??= atNs;
    if (this.#keepText) this.text += text;
  }

  #end({ choices, usage }: Chunk): void {
    const reason = choices?.[0]?.finish_reason;
    if (typeof reason === "string") this.finishReason = reason;
    if (typeof usage?.completion_tokens !== "number") return;
    this.#tokensBefore = usage.completion_tokens;
    this.nOut = usage.completion_tokens;
    this.nIn = usage.prompt_tokens ?? this.nIn;
    this.nReasoning = usage.completion_tokens_details?.reasoning_tokens ?? this.nReasoning;
    this.nCached = usage.prompt_tokens_details?.cached_tokens ?? this.nCached;
  }
}

function severalChoices({ choices }: Chunk): boolean {
  return Array.isArray(choices) && (choices.length > 1 || (choices[0]?.index ?? 0) > 0);
}
