/** Passes a streamed answer from the provider to the caller, and notes what it was. */
import type { ServerResponse } from "node:http";
import { isObject } from "./chat_request.ts";
import { DONE, sseEvent, SseParser } from "./sse.ts";

export interface Relayed {
  readonly id: string;
  readonly finishReason: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/**
 * The head and everything before the first content are held back and leave with it in one write, so the first byte is the first
 * token. The provider is always asked for usage; the caller sees it only if it asked as well. `onFirst` gets performance.now()
 * when that write is done.
 *
 * @throws the stream's own error when the provider breaks off, having written what came before.
 */
export async function relayStream(
  body: ReadableStream<Uint8Array>,
  response: ServerResponse,
  headers: Readonly<Record<string, string>>,
  includeUsage: boolean,
  onFirst: (at: number) => void,
): Promise<Relayed> {
  const parser = new SseParser();
  const seen = { id: "", finishReason: "", inputTokens: 0, outputTokens: 0 };
  let pending = "";
  let holding = true;
  const flush = () => {
    if (!response.headersSent) response.writeHead(200, { "content-type": "text/event-stream", ...headers });
    if (pending !== "") response.write(pending);
    pending = "";
  };
  for await (const bytes of body) {
    for (const data of parser.push(bytes)) {
      const chunk: unknown = data === DONE ? null : JSON.parse(data);
      if (isObject(chunk)) {
        if (note(chunk, seen) || seen.finishReason !== "") holding = false;
        if (isUsageOnly(chunk) && !includeUsage) continue;
        if (!includeUsage) delete chunk.usage;
      }
      pending += sseEvent(data === DONE ? DONE : JSON.stringify(chunk));
    }
    if (holding) continue;
    const first = !response.headersSent;
    flush();
    if (first) onFirst(performance.now());
  }
  flush();
  response.end();
  return seen;
}

/** Takes down what a chunk says; true when it carries content. */
function note(
  chunk: Record<string, unknown>,
  seen: { id: string; finishReason: string; inputTokens: number; outputTokens: number },
): boolean {
  if (typeof chunk.id === "string") seen.id = chunk.id;
  const { usage } = chunk;
  if (isObject(usage)) {
    seen.inputTokens = Number(usage.prompt_tokens);
    seen.outputTokens = Number(usage.completion_tokens);
  }
  const choice: unknown = Array.isArray(chunk.choices) ? chunk.choices[0] : undefined;
  if (!isObject(choice)) return false;
  if (typeof choice.finish_reason === "string") seen.finishReason = choice.finish_reason;
  return isObject(choice.delta) && typeof choice.delta.content === "string" && choice.delta.content !== "";
}

function isUsageOnly(chunk: Record<string, unknown>): boolean {
  return isObject(chunk.usage) && Array.isArray(chunk.choices) && chunk.choices.length === 0;
}
