/** The gateway's call to the model: one CLIENT span, one new connection, the answer passed through. */
import type { Span } from "@opentelemetry/api";
import type { ServerResponse } from "node:http";
import type { ChatMessage, ChatRequest } from "./chat_request.ts";
import { isObject } from "./chat_request.ts";
import type { Gateway } from "./gateway.ts";
import { sendJson } from "./http_service.ts";
import { OpenAiError } from "./openai_error.ts";
import { relayStream } from "./relay.ts";
import { PROVIDER_NAME } from "./roles.ts";
import { endSpan, wallTime } from "./tracing.ts";

export interface ProviderCall {
  readonly gateway: Gateway;
  readonly asked: ChatRequest;
  readonly messages: readonly ChatMessage[];
  /** The gateway's SERVER span. */
  readonly parent: Span;
  /** Aborted when the caller goes away. */
  readonly gone: AbortSignal;
  /** performance.now() when the caller's request came in. */
  readonly arrivedAt: number;
  /** `x-lab-fault` as it came. */
  readonly fault?: string;
}

/** Yields the status the caller was given. @throws OpenAiError 502 or 504 when the provider cannot be reached. */
export async function callProvider(call: ProviderCall, response: ServerResponse): Promise<number> {
  const { gateway, asked } = call;
  const span = gateway.tracing.client(`chat ${asked.model}`, call.parent, {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "lab",
    "gen_ai.request.model": asked.model,
    "gen_ai.request.stream": asked.stream,
    ...(asked.maxTokens === null ? {} : { "gen_ai.request.max_tokens": asked.maxTokens }),
    "server.address": PROVIDER_NAME,
    "server.port": gateway.config.providerPort,
  });
  let failure: string | undefined = "stream_broken";
  try {
    const startedAt = performance.now();
    const extra: Record<string, string> = call.fault === undefined ? {} : { "x-lab-fault": call.fault };
    const answer = await gateway.upstreams.chat(providerBody(call), extra, span, call.gone);
    span.setAttribute("http.response.status_code", answer.status);
    if (!answer.ok) {
      failure = String(answer.status);
      await passError(answer, response);
    } else if (asked.stream && answer.body !== null) {
      await passStream(call, answer.body, response, span, startedAt);
      failure = undefined;
    } else {
      await passWhole(call, answer, response, span);
      failure = undefined;
    }
    return answer.status;
  } catch (error) {
    if (call.gone.aborted) failure = "client_closed";
    else if (error instanceof OpenAiError) failure = error.code;
    throw error;
  } finally {
    endSpan(span, failure);
  }
}

function providerBody({ asked, messages }: ProviderCall): string {
  return JSON.stringify({
    model: asked.model,
    messages,
    stream: asked.stream,
    ...(asked.stream ? { stream_options: { include_usage: true } } : {}),
    ...(asked.maxTokens === null ? {} : { max_tokens: asked.maxTokens }),
    ...(asked.stop.length === 0 ? {} : { stop: asked.stop }),
    ...(asked.ignoreEos ? { ignore_eos: true } : {}),
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
    call.parent.setAttribute("llm.slo.ttft_ms", ttftMs);
    call.parent.addEvent("first_token", { "llm.slo.ttft_ms": ttftMs }, wallTime());
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
  call.parent.setAttribute("llm.slo.ttft_ms", ttftMs);
  call.parent.addEvent("first_token", { "llm.slo.ttft_ms": ttftMs }, wallTime());
  const body: unknown = JSON.parse(text);
  if (!isObject(body)) return;
  span.setAttributes({ "gen_ai.response.id": String(body.id), "gen_ai.response.model": call.asked.model });
  if (!isObject(body.usage)) return;
  span.setAttributes({
    "gen_ai.usage.input_tokens": Number(body.usage.prompt_tokens),
    "gen_ai.usage.output_tokens": Number(body.usage.completion_tokens),
  });
}
