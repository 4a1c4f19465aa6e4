/** Asking the provider: each attempt a new connection and a CLIENT span of its own. */
import type { Span } from "@opentelemetry/api";
import type { ChatMessage, ChatRequest } from "./chat_request.ts";
import type { Gateway } from "./gateway.ts";
import { sleep } from "./http_service.ts";
import { OpenAiError } from "./openai_error.ts";
import { retryAfterMs } from "./retry_after.ts";
import { PROVIDER_NAME } from "./roles.ts";
import { endSpan } from "./tracing.ts";

/** A provider that asks to come again within this time is asked once more, as its own SDKs do; a longer wait is left to the caller. */
const PATIENCE_MS = 2000;
const MAX_RESENDS = 1;

export interface ProviderCall {
  readonly gateway: Gateway;
  readonly asked: ChatRequest;
  readonly messages: readonly ChatMessage[];
  /** The gateway's SERVER span, and the X-Trace-Id that goes with it. */
  readonly parent: Span;
  readonly traceId: string;
  /** Aborted when nobody waits for the answer any more. */
  readonly gone: AbortSignal;
  /** performance.now() when the caller's request came in. */
  readonly arrivedAt: number;
  /** `x-lab-fault` as it came. */
  readonly fault?: string;
}

/** What is made of the provider's answer, whatever its status; `startedAt` is performance.now() before the attempt. */
export type UseAnswer<T> = (answer: Response, span: Span, startedAt: number) => Promise<T>;

/** @throws OpenAiError 502 or 504 when the provider cannot be reached; whatever `use` throws. */
export async function askProvider<T>(call: ProviderCall, use: UseAnswer<T>): Promise<T> {
  for (let resends = 0;; resends++) {
    const outcome = await attempt(call, resends, use);
    if ("result" in outcome) return outcome.result;
    await sleep(outcome.retryInMs, call.gone);
    call.gone.throwIfAborted();
  }
}

async function attempt<T>(
  call: ProviderCall,
  resends: number,
  use: UseAnswer<T>,
): Promise<{ result: T } | { retryInMs: number }> {
  const { gateway, asked, traceId, gone } = call;
  const span = gateway.tracing.client(`chat ${asked.model}`, call.parent, {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "lab",
    "gen_ai.request.model": asked.model,
    "gen_ai.request.stream": asked.stream,
    ...(asked.maxTokens === null ? {} : { "gen_ai.request.max_tokens": asked.maxTokens }),
    ...(resends === 0 ? {} : { "http.request.resend_count": resends }),
    "server.address": PROVIDER_NAME,
    "server.port": gateway.config.providerPort,
  });
  let failure: string | undefined = "stream_broken";
  try {
    const startedAt = performance.now();
    const extra: Record<string, string> = call.fault === undefined ? {} : { "x-lab-fault": call.fault };
    const answer = await gateway.upstreams.chat(providerBody(call), extra, { span, traceId, gone });
    span.setAttribute("http.response.status_code", answer.status);
    if (!answer.ok) failure = String(answer.status);
    const askedMs = answer.status === 429 ? retryAfterMs(answer.headers.get("retry-after"), Date.now()) : null;
    if (askedMs !== null && askedMs <= PATIENCE_MS && resends < MAX_RESENDS) {
      await answer.text();
      return { retryInMs: askedMs };
    }
    const result = await use(answer, span, startedAt);
    if (answer.ok) failure = undefined;
    return { result };
  } catch (error) {
    if (gone.aborted) failure = "client_closed";
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
