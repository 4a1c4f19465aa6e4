/** The RAG gateway: the lab's front door. Retrieval, prompt assembly, then the model's answer, streamed through. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { parseChatRequest } from "./chat_request.ts";
import { errorCode } from "./error_code.ts";
import { execute } from "./execute.ts";
import { GatewayMetrics } from "./gateway_metrics.ts";
import { closed, type Handler, header, readJson, sendJson, serveHttp, sleep, traceIdOf } from "./http_service.ts";
import { health } from "./models.ts";
import { invalidRequest, OpenAiError } from "./openai_error.ts";
import { callProvider } from "./provider_call.ts";
import { assemblePrompt, queryOf } from "./prompt.ts";
import { recordStatus, serverSpan } from "./request_span.ts";
import type { GatewayConfig } from "./roles.ts";
import { Selector } from "./selector.ts";
import { endSpan, Tracing } from "./tracing.ts";
import { Upstreams } from "./upstream.ts";
import { calibrate, type CpuWork } from "./work.ts";

/** Longest sleep a caller may ask for with `x-lab-sleep-ms`. */
const MAX_SLEEP_MS = 10_000;

export interface Gateway {
  readonly config: GatewayConfig;
  readonly work: CpuWork;
  readonly tracing: Tracing;
  readonly upstreams: Upstreams;
  readonly metrics: GatewayMetrics;
  readonly selector: Selector;
}

export async function serveGateway(config: GatewayConfig): Promise<AsyncDisposable> {
  const stack = new AsyncDisposableStack();
  const tracing = new Tracing("rag-gateway", config.otlpTracesUrl);
  stack.defer(() => tracing.shutdown());
  const upstreams = stack.use(new Upstreams(config));
  const metrics = new GatewayMetrics(`${config.ip}:${config.port}`);
  const selector = new Selector(config, tracing, upstreams, metrics);
  const gateway = { config, work: calibrate(), tracing, upstreams, metrics, selector };
  const models: Handler = (request, response) => passModels(gateway, request, response);
  stack.use(
    await serveHttp(config.ip, config.port, {
      "GET /health": health,
      "GET /metrics": metrics.handler,
      "POST /ai/execute": (request, response) => execute(gateway, request, response),
      "GET /v1/models": models,
      "GET /v1/models/*": models,
      "POST /v1/chat/completions": (request, response) => chat(gateway, request, response),
    }),
  );
  return stack;
}

async function passModels({ upstreams }: Gateway, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const answer = await upstreams.models(request.url ?? "/v1/models", traceIdOf(response), closed(response));
  sendJson(response, answer.status, await answer.text());
}

async function chat(gateway: Gateway, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const arrivedAt = performance.now();
  const span = serverSpan(gateway.tracing, request, response, "/v1/chat/completions");
  const traceId = traceIdOf(response);
  const gone = closed(response);
  let status = 200;
  let failure: string | undefined;
  try {
    const asked = parseChatRequest(await readJson(request));
    const sleepMs = parseSleep(header(request, "x-lab-sleep-ms"));
    // Not from the cache: every chat request asks retrieval, so that each has the same steps.
    const query = queryOf(asked.messages);
    const documents = await gateway.selector.search({ query, parent: span, traceId, gone });
    const messages = assemblePrompt(gateway.work, asked.messages, documents);
    if (sleepMs > 0) await sleep(sleepMs, gone);
    const fault = header(request, "x-lab-fault");
    const call = {
      gateway,
      asked,
      messages,
      parent: span,
      traceId,
      gone,
      arrivedAt,
      ...(fault === undefined ? {} : { fault }),
    };
    status = await callProvider(call, response);
  } catch (error) {
    if (gone.aborted && !response.writableFinished) status = 499;
    else if (response.headersSent) failure = "stream_broken"; // the caller has its 200 already
    else status = error instanceof OpenAiError ? error.status : 500;
    throw error;
  } finally {
    const byStatus = recordStatus(span, status);
    endSpan(span, failure ?? byStatus);
    const refused = status >= 400 ? errorCode(status) : null;
    const ending = status === 499 ? "canceled" : failure === undefined ? refused : "BAD_GATEWAY";
    gateway.metrics.finished("chat", (performance.now() - arrivedAt) / 1000, ending);
  }
}

function parseSleep(value: string | undefined): number {
  if (value === undefined) return 0;
  const ms = Number(value);
  if (!(ms >= 0 && ms <= MAX_SLEEP_MS)) {
    throw invalidRequest("invalid_value", `'x-lab-sleep-ms' must be a number from 0 to ${MAX_SLEEP_MS}.`);
  }
  return ms;
}
