/** The model provider: an OpenAI-compatible server whose tokens cost real CPU time and come at a steady pace. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { type ChatRequest, parseChatRequest } from "./chat_request.ts";
import { ChunkWriter, complete, type Completion, completionBody, usage } from "./completion.ts";
import { type Fault, parseFault } from "./fault_header.ts";
import { header, readJson, recordStatus, sendJson, serveHttp, serverAttributes, sleep } from "./http_service.ts";
import { getModel, health, listModels } from "./models.ts";
import { OpenAiError } from "./openai_error.ts";
import type { SeededConfig } from "./roles.ts";
import { DONE, sseEvent } from "./sse.ts";
import { endSpan, Tracing, wallTime } from "./tracing.ts";
import { calibrate, type CpuWork } from "./work.ts";

/** Prefill: seven slices of 2.8 ms of work, the loop free for 3 ms after each, as on an accelerator shared by a batch. */
const PREFILL = { slices: 7, workMs: 2.8, pauseMs: 3 };
const TOKEN_WORK_MS = 1.2;
const TOKEN_PACE_MS = 8;
const SLOW_FACTOR = 10;
/** Longer than any client here waits for a first token. */
const STALL_MS = 120_000;
const TOKENS_BEFORE_ABORT = 3;

export async function serveProvider(config: SeededConfig): Promise<AsyncDisposable> {
  const stack = new AsyncDisposableStack();
  const work = calibrate();
  const tracing = new Tracing("llm-provider", config.otlpTracesUrl);
  stack.defer(() => tracing.shutdown());
  stack.use(
    await serveHttp(config.ip, config.port, {
      "GET /health": health,
      "GET /v1/models": listModels,
      "GET /v1/models/*": getModel,
      "POST /v1/chat/completions": (request, response) => chat(config, work, tracing, request, response),
    }),
  );
  return stack;
}

async function chat(
  config: SeededConfig,
  work: CpuWork,
  tracing: Tracing,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const attributes = serverAttributes(request, "/v1/chat/completions");
  const span = tracing.server("POST /v1/chat/completions", header(request, "traceparent"), attributes, wallTime());
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  let status = 200;
  try {
    const fault = parseFault(header(request, "x-lab-fault"));
    const asked = parseChatRequest(await readJson(request));
    const completion = complete(config.seed, asked);
    span.setAttributes({ "gen_ai.request.model": asked.model, "gen_ai.request.stream": asked.stream });
    if (fault === "stall") await sleep(STALL_MS, gone.signal);
    const paceMs = fault === "slow" ? TOKEN_PACE_MS * SLOW_FACTOR : TOKEN_PACE_MS;
    const tokens = generate(work, completion, paceMs, gone.signal);
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

/** Prefill, then the tokens one by one at the given pace. Ends early when the client is gone. */
async function* generate(
  work: CpuWork,
  completion: Completion,
  paceMs: number,
  gone: AbortSignal,
): AsyncGenerator<string> {
  for (let slice = 0; slice < PREFILL.slices && !gone.aborted; slice++) {
    work.run(PREFILL.workMs);
    await sleep(PREFILL.pauseMs, gone);
  }
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
