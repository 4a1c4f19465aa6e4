/** The gateway's call to the model, the answer passed through. */
import type { Span } from "@opentelemetry/api";
import type { ServerResponse } from "node:http";
import { isObject } from "./chat_request.ts";
import { sendJson } from "./http_service.ts";
import { askProvider, type ProviderCall } from "./provider_attempts.ts";
import { relayStream } from "./relay.ts";
import { wallTime } from "./tracing.ts";

/** Passes the answer on; yields the status the caller was given. @throws OpenAiError 502 or 504 when there is none. */
export function callProvider(call: ProviderCall, response: ServerResponse): Promise<number> {
  return askProvider(call, async (answer, span, startedAt) => {
    if (!answer.ok) await passError(answer, response);
    else if (call.asked.stream && answer.body !== null) {
      await passStream(call, answer.body, response, span, startedAt);
    } else await passWhole(call, answer, response, span);
    return answer.status;
  });
}

/** The provider's refusal as it is: status, body, and when to come again. */
async function passError(answer: Response, response: ServerResponse): Promise<void> {
  const retryAfter = answer.headers.get("retry-after");
  sendJson(response, answer.status, await answer.text(), retryAfter === null ? {} : { "retry-after": retryAfter });
}

async function passStream(
  call: ProviderCall,
  body: ReadableStream<Uint8Array>,
  response: ServerResponse,
  span: Span,
  startedAt: number,
): Promise<void> {
  const relayed = await relayStream(body, response, { "cache-control": "no-cache" }, call.asked.includeUsage, (at) => {
    const ttftMs = at - call.arrivedAt;
    span.setAttribute("gen_ai.response.time_to_first_chunk", (at - startedAt) / 1000);
    recordFirstToken(call, ttftMs);
  });
  span.setAttributes({
    "gen_ai.response.id": relayed.id,
    "gen_ai.response.model": call.asked.model,
    "gen_ai.response.finish_reasons": [relayed.finishReason],
    "gen_ai.usage.input_tokens": relayed.inputTokens,
    "gen_ai.usage.output_tokens": relayed.outputTokens,
  });
}

async function passWhole(call: ProviderCall, answer: Response, response: ServerResponse, span: Span): Promise<void> {
  const text = await answer.text();
  const ttftMs = performance.now() - call.arrivedAt;
  sendJson(response, 200, text);
  recordFirstToken(call, ttftMs);
  const body: unknown = JSON.parse(text);
  if (!isObject(body)) return;
  span.setAttributes({ "gen_ai.response.id": String(body.id), "gen_ai.response.model": call.asked.model });
  if (!isObject(body.usage)) return;
  span.setAttributes({
    "gen_ai.usage.input_tokens": Number(body.usage.prompt_tokens),
    "gen_ai.usage.output_tokens": Number(body.usage.completion_tokens),
  });
}

function recordFirstToken({ gateway, parent }: ProviderCall, ttftMs: number): void {
  parent.setAttribute("llm.slo.ttft_ms", ttftMs);
  parent.addEvent("first_token", { "llm.slo.ttft_ms": ttftMs }, wallTime());
  gateway.metrics.firstToken(ttftMs);
}
