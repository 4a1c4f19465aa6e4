/** The model provider: an OpenAI-compatible server whose tokens cost real CPU time and come at a steady pace. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { type ChatRequest, parseChatRequest } from "./chat_request.ts";
import { ChunkWriter, complete, type Completion, completionBody, usage } from "./completion.ts";
import { type Fault, parseFault } from "./fault_header.ts";
import { closed, header, readJson, type Routes, sendJson, serveHttp, sleep } from "./http_service.ts";
import { getModel, health, listModels } from "./models.ts";
import { OpenAiError } from "./openai_error.ts";
import { recordStatus, serverSpan } from "./request_span.ts";
import type { ProviderConfig } from "./roles.ts";
import { DONE, sseEvent } from "./sse.ts";
import { Throttle } from "./throttle.ts";
import { endSpan, Tracing } from "./tracing.ts";
import { calibrate, type CpuWork } from "./work.ts";

/** Prefill: seven slices of 2.8 ms of work, the loop free for 3 ms after each, as on an accelerator shared by a batch. */
const PREFILL = { slices: 7, workMs: 2.8, pauseMs: 3 };
const TOKEN_WORK_MS = 1.2;
const TOKEN_PACE_MS = 8;
const SLOW_FACTOR = 10;
/** Longer than any client here waits for a first token. */
const STALL_MS = 120_000;
const TOKENS_BEFORE_ABORT = 3;

interface Provider {
  readonly seed: number;
  readonly work: CpuWork;
  readonly tracing: Tracing;
  readonly throttle: Throttle;
}

export async function serveProvider(config: ProviderConfig): Promise<AsyncDisposable> {
  const stack = new AsyncDisposableStack();
  const tracing = new Tracing("llm-provider", config.otlpTracesUrl);
  stack.defer(() => tracing.shutdown());
  const throttle = new Throttle(config.seed);
  const provider = { seed: config.seed, work: calibrate(), tracing, throttle };
  const tls = config.tls === undefined ? undefined : {
    cert: Deno.readTextFileSync(config.tls.certFile),
    key: Deno.readTextFileSync(config.tls.keyFile),
  };
  const routes: Routes = {
    "GET /health": health,
    "GET /v1/models": listModels,
    "GET /v1/models/*": getModel,
    "POST /v1/chat/completions": (request, response) => chat(provider, request, response),
  };
  stack.use(await serveHttp(config.ip, config.port, routes, tls));
  // Control comes last: it answers /health for a provider that is ready.
  stack.use(await serveHttp(config.ip, config.controlPort, { "GET /health": health, ...throttle.routes() }));
  return stack;
}

async function chat(provider: Provider, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { seed, work, tracing, throttle } = provider;
  const span = serverSpan(tracing, request, response, "/v1/chat/completions");
  const gone = closed(response);
  let status = 200;
  try {
    const fault = parseFault(header(request, "x-lab-fault"));
    const asked = parseChatRequest(await readJson(request));
    throttle.admit();
    const completion = complete(seed, asked);
    span.setAttributes({ "gen_ai.request.model": asked.model, "gen_ai.request.stream": asked.stream });
    if (fault === "stall") await sleep(STALL_MS, gone);
    const pace = { prefill: throttle.paceFactor, token: throttle.paceFactor * (fault === "slow" ? SLOW_FACTOR : 1) };
    const tokens = generate(work, completion, pace, gone);
    const sent = asked.stream
      ? await stream(response, asked, completion, tokens, fault)
      : await whole(response, completion, tokens, fault);
    if (!sent) status = 499;
    const { prompt_tokens = 0, completion_tokens = 0 } = usage(completion);
    span.setAttributes({ "gen_ai.usage.input_tokens": prompt_tokens, "gen_ai.usage.output_tokens": completion_tokens });
  } catch (error) {
    status = error instanceof OpenAiError ? error.status : 500;
    throw error;
  } finally {
    endSpan(span, recordStatus(span, status));
  }
}

/** Prefill, then the tokens one by one, with pauses so many times the usual ones. Ends early when the client is gone. */
async function* generate(
  work: CpuWork,
  completion: Completion,
  pace: { readonly prefill: number; readonly token: number },
  gone: AbortSignal,
): AsyncGenerator<string> {
  for (let slice = 0; slice < PREFILL.slices && !gone.aborted; slice++) {
    work.run(PREFILL.workMs);
    await sleep(PREFILL.pauseMs * pace.prefill, gone);
  }
  const paceMs = TOKEN_PACE_MS * pace.token;
  let last = performance.now() - paceMs; // the first token does not wait
  for (const token of completion.tokens) {
    if (gone.aborted) return;
    work.run(TOKEN_WORK_MS);
    const rest = last + paceMs - performance.now();
    if (rest > 0) await sleep(rest, gone);
    last = performance.now();
    yield token;
  }
}

/** Yields false when the answer was not sent to its end. */
async function stream(
  response: ServerResponse,
  asked: ChatRequest,
  completion: Completion,
  tokens: AsyncIterable<string>,
  fault: Fault | null,
): Promise<boolean> {
  const chunks = new ChunkWriter(completion, Math.floor(Date.now() / 1000), asked.includeUsage);
  // The head and the role leave together with the first token: nothing is on the wire before it.
  let pending = sseEvent(chunks.role());
  const begin = () => {
    if (!response.headersSent) {
      response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
    }
  };
  let count = 0;
  for await (const token of tokens) {
    begin();
    response.write(pending + sseEvent(chunks.token(token)));
    pending = "";
    if (fault === "abort" && ++count >= TOKENS_BEFORE_ABORT) return reset(response);
  }
  if (response.destroyed) return false;
  begin();
  const last = asked.includeUsage ? sseEvent(chunks.usage()) : "";
  response.end(pending + sseEvent(chunks.finish()) + last + sseEvent(DONE));
  return true;
}

async function whole(
  response: ServerResponse,
  completion: Completion,
  tokens: AsyncIterable<string>,
  fault: Fault | null,
): Promise<boolean> {
  let count = 0;
  for await (const _ of tokens) {
    if (fault === "abort" && ++count >= TOKENS_BEFORE_ABORT) return reset(response);
  }
  if (response.destroyed) return false;
  sendJson(response, 200, completionBody(completion, Math.floor(Date.now() / 1000)));
  return true;
}

/** Ends the connection with a TCP reset, as a crashing server does. */
function reset(response: ServerResponse): false {
  response.socket?.resetAndDestroy();
  return false;
}
