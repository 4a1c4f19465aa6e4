/** The RAG gateway: the lab's front door. Retrieval, prompt assembly, then the model's answer, streamed through. */
import type { Span } from "@opentelemetry/api";
import type { IncomingMessage, ServerResponse } from "node:http";
import { type ChatRequest, parseChatRequest } from "./chat_request.ts";
import {
  type Handler,
  header,
  readJson,
  recordStatus,
  sendJson,
  serveHttp,
  serverAttributes,
  sleep,
} from "./http_service.ts";
import { health } from "./models.ts";
import { invalidRequest, OpenAiError } from "./openai_error.ts";
import { callProvider } from "./provider_call.ts";
import { assemblePrompt, queryOf } from "./prompt.ts";
import { DATA_SOURCE, type GatewayConfig, RETRIEVAL_NAME } from "./roles.ts";
import { endSpan, Tracing, wallTime } from "./tracing.ts";
import { Upstreams } from "./upstream.ts";
import { calibrate, type CpuWork } from "./work.ts";

/** Longest sleep a caller may ask for with `x-lab-sleep-ms`. */
const MAX_SLEEP_MS = 10_000;

export interface Gateway {
  readonly config: GatewayConfig;
  readonly work: CpuWork;
  readonly tracing: Tracing;
  readonly upstreams: Upstreams;
}

export async function serveGateway(config: GatewayConfig): Promise<AsyncDisposable> {
  const stack = new AsyncDisposableStack();
  const tracing = new Tracing("rag-gateway", config.otlpTracesUrl);
  stack.defer(() => tracing.shutdown());
  const gateway = { config, work: calibrate(), tracing, upstreams: stack.use(new Upstreams(config)) };
  const models: Handler = (request, response) => passModels(gateway, request, response);
  stack.use(
    await serveHttp(config.ip, config.port, {
      "GET /health": health,
      "GET /v1/models": models,
      "GET /v1/models/*": models,
      "POST /v1/chat/completions": (request, response) => chat(gateway, request, response),
    }),
  );
  return stack;
}

async function passModels({ upstreams }: Gateway, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const answer = await upstreams.models(request.url ?? "/v1/models", closed(response));
  sendJson(response, answer.status, await answer.text());
}

async function chat(gateway: Gateway, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const arrivedAt = performance.now();
  const attributes = serverAttributes(request, "/v1/chat/completions");
  const name = "POST /v1/chat/completions";
  const span = gateway.tracing.server(name, header(request, "traceparent"), attributes, wallTime());
  // Echoed so that a caller without a tracer can find its request.
  response.setHeader("x-trace-id", span.spanContext().traceId);
  const gone = closed(response);
  let status = 200;
  let failure: string | undefined;
  try {
    const asked = parseChatRequest(await readJson(request));
    const sleepMs = parseSleep(header(request, "x-lab-sleep-ms"));
    const documents = await retrieve(gateway, asked, span, gone);
    const messages = assemblePrompt(gateway.work, asked.messages, documents);
    if (sleepMs > 0) await sleep(sleepMs, gone);
    const fault = header(request, "x-lab-fault");
    const call = { gateway, asked, messages, parent: span, gone, arrivedAt, ...(fault === undefined ? {} : { fault }) };
    status = await callProvider(call, response);
  } catch (error) {
    if (gone.aborted && !response.writableFinished) status = 499;
    else if (response.headersSent) failure = "stream_broken"; // the caller has its 200 already
    else status = error instanceof OpenAiError ? error.status : 500;
    throw error;
  } finally {
    const byStatus = recordStatus(span, status);
    endSpan(span, failure ?? byStatus);
  }
}

async function retrieve({ config, tracing, upstreams }: Gateway, asked: ChatRequest, parent: Span, gone: AbortSignal) {
  const span = tracing.client(`retrieval ${DATA_SOURCE}`, parent, {
    "gen_ai.operation.name": "retrieval",
    "gen_ai.data_source.id": DATA_SOURCE,
    "server.address": RETRIEVAL_NAME,
    "server.port": config.retrievalPort,
  });
  let failure: string | undefined = "error";
  try {
    const documents = await upstreams.retrieve(queryOf(asked.messages), span, gone);
    failure = undefined;
    return documents;
  } catch (error) {
    if (error instanceof OpenAiError) failure = error.code;
    throw error;
  } finally {
    endSpan(span, failure);
  }
}

/** Aborted when the response is over, in particular when the caller goes away before its end. */
function closed(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  response.once("close", () => controller.abort());
  return controller.signal;
}

function parseSleep(value: string | undefined): number {
  if (value === undefined) return 0;
  const ms = Number(value);
  if (!(ms >= 0 && ms <= MAX_SLEEP_MS)) {
    throw invalidRequest("invalid_value", `'x-lab-sleep-ms' must be a number from 0 to ${MAX_SLEEP_MS}.`);
  }
  return ms;
}
