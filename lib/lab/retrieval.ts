/** The retrieval service: POST /v1/search {query, k} answers with the nearest passages of a seeded corpus. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { isObject } from "./chat_request.ts";
import { Corpus, MAX_K } from "./corpus.ts";
import { readJson, sendJson, serveHttp } from "./http_service.ts";
import { health } from "./models.ts";
import { invalidRequest, OpenAiError } from "./openai_error.ts";
import { recordStatus, serverSpan } from "./request_span.ts";
import { DATA_SOURCE, type SeededConfig } from "./roles.ts";
import { endSpan, Tracing } from "./tracing.ts";

export async function serveRetrieval(config: SeededConfig): Promise<AsyncDisposable> {
  const stack = new AsyncDisposableStack();
  const corpus = new Corpus(config.seed);
  for (let i = 0; i < 5; i++) corpus.search("warm up", 1); // the first caller should not pay for the compiler
  const tracing = new Tracing("retrieval", config.otlpTracesUrl);
  stack.defer(() => tracing.shutdown());
  stack.use(
    await serveHttp(config.ip, config.port, {
      "GET /health": health,
      "POST /v1/search": (request, response) => search(corpus, tracing, request, response),
    }),
  );
  return stack;
}

async function search(
  corpus: Corpus,
  tracing: Tracing,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const span = serverSpan(tracing, request, response, "/v1/search");
  span.setAttribute("gen_ai.data_source.id", DATA_SOURCE);
  let status = 200;
  try {
    const { query, k } = parseSearch(await readJson(request));
    sendJson(response, 200, JSON.stringify({ data_source: DATA_SOURCE, documents: corpus.search(query, k) }));
  } catch (error) {
    status = error instanceof OpenAiError ? error.status : 500;
    throw error;
  } finally {
    endSpan(span, recordStatus(span, status));
  }
}

function parseSearch(body: unknown): { query: string; k: number } {
  if (!isObject(body) || typeof body.query !== "string") {
    throw invalidRequest("invalid_type", "'query' must be a string.");
  }
  const k = body.k ?? 6;
  if (typeof k !== "number" || !Number.isInteger(k) || k < 1 || k > MAX_K) {
    throw invalidRequest("invalid_value", `'k' must be a whole number from 1 to ${MAX_K}.`);
  }
  return { query: body.query, k };
}
