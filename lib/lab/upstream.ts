/** The gateway's two callees, over fetch, with the W3C header of the CLIENT span on the wire. */
import type { Span } from "@opentelemetry/api";
import { isObject } from "./chat_request.ts";
import type { Document } from "./corpus.ts";
import { OpenAiError } from "./openai_error.ts";
import { type GatewayConfig, PROVIDER_NAME, RETRIEVAL_NAME } from "./roles.ts";
import { traceparentOf } from "./tracing.ts";

/** Without a first byte by then the gateway answers 504. */
const FIRST_BYTE_MS = 30_000;
const DOCUMENTS = 6;

export class Upstreams implements Disposable {
  readonly providerUrl: string;
  readonly #retrievalUrl: string;
  /** Keeps its connection between requests. */
  readonly #retrieval = Deno.createHttpClient({ http2: false });
  /** Keeps none: every request resolves the provider's name and connects anew. */
  readonly #provider = Deno.createHttpClient({ http2: false, poolMaxIdlePerHost: 0 });

  constructor(config: GatewayConfig) {
    this.providerUrl = `http://${PROVIDER_NAME}:${config.providerPort}`;
    this.#retrievalUrl = `http://${RETRIEVAL_NAME}:${config.retrievalPort}`;
  }

  /** @throws OpenAiError 502 or 504 when retrieval is out of reach or fails. */
  async retrieve(query: string, span: Span, gone: AbortSignal): Promise<Document[]> {
    const response = await this.#fetch(`${this.#retrievalUrl}/v1/search`, "retrieval", gone, {
      method: "POST",
      headers: { "content-type": "application/json", traceparent: traceparentOf(span) },
      body: JSON.stringify({ query, k: DOCUMENTS }),
      client: this.#retrieval,
    });
    span.setAttribute("http.response.status_code", response.status);
    const body: unknown = await response.json();
    if (!response.ok || !isObject(body) || !Array.isArray(body.documents)) {
      throw new OpenAiError(502, "upstream_error", "bad_gateway", `Retrieval answered with status ${response.status}.`);
    }
    return body.documents as Document[];
  }

  /** The provider's response, whatever its status. `extra` headers are passed on. @throws OpenAiError 502, 504. */
  chat(body: string, extra: Readonly<Record<string, string>>, span: Span, gone: AbortSignal): Promise<Response> {
    return this.#fetch(`${this.providerUrl}/v1/chat/completions`, "provider", gone, {
      method: "POST",
      headers: { "content-type": "application/json", traceparent: traceparentOf(span), ...extra },
      body,
      client: this.#provider,
    });
  }

  models(path: string, gone: AbortSignal): Promise<Response> {
    return this.#fetch(`${this.providerUrl}${path}`, "provider", gone, { client: this.#provider });
  }

  async #fetch(
    url: string,
    name: string,
    gone: AbortSignal,
    init: RequestInit & { client: Deno.HttpClient },
  ): Promise<Response> {
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), FIRST_BYTE_MS);
    try {
      return await fetch(url, { ...init, signal: AbortSignal.any([gone, late.signal]) });
    } catch (error) {
      if (late.signal.aborted) {
        throw new OpenAiError(
          504,
          "upstream_error",
          "timeout",
          `The ${name} gave no answer in ${FIRST_BYTE_MS / 1000} s.`,
        );
      }
      throw new OpenAiError(
        502,
        "upstream_error",
        "bad_gateway",
        `The ${name} is out of reach: ${reason(error as Error)}`,
      );
    } finally {
      clearTimeout(timer);
    }
  }

  [Symbol.dispose](): void {
    this.#retrieval.close();
    this.#provider.close();
  }
}

/** What fetch hides in the cause of its "fetch failed": the name did not resolve, the connection was refused or reset. */
function reason(error: Error): string {
  return error.cause instanceof Error ? error.cause.message : error.message;
}
