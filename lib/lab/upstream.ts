/** The gateway's two callees, over fetch, with the W3C header of the CLIENT span on the wire. */
import type { Span } from "@opentelemetry/api";
import { isObject } from "./chat_request.ts";
import type { Document } from "./corpus.ts";
import { OpenAiError } from "./openai_error.ts";
import { type GatewayConfig, PROVIDER_NAME, RETRIEVAL_NAME } from "./roles.ts";
import { TRACE_ID_HEADER } from "./trace_id.ts";
import { traceparentOf } from "./tracing.ts";

/** Without a first byte by then the gateway answers 504. */
const FIRST_BYTE_MS = 30_000;
const DOCUMENTS = 6;

/** On whose behalf a callee is asked. */
export interface Hop {
  /** The CLIENT span of the call. */
  readonly span: Span;
  readonly traceId: string;
  readonly gone: AbortSignal;
}

export class Upstreams implements Disposable {
  readonly providerUrl: string;
  readonly #retrievalUrl: string;
  readonly #traced: boolean;
  /** Keeps its connection between requests. */
  readonly #retrieval = Deno.createHttpClient({ http2: false });
  /** Keeps none: every request resolves the provider's name and connects anew. */
  readonly #provider: Deno.HttpClient;

  constructor(config: GatewayConfig) {
    this.#traced = config.uninstrumented !== true;
    const { caFile, hosts = { provider: PROVIDER_NAME, retrieval: RETRIEVAL_NAME } } = config;
    const tls = caFile === undefined ? {} : { caCerts: [Deno.readTextFileSync(caFile)] };
    this.#provider = Deno.createHttpClient({ http2: false, poolMaxIdlePerHost: 0, ...tls });
    this.providerUrl = `${caFile === undefined ? "http" : "https"}://${hosts.provider}:${config.providerPort}`;
    this.#retrievalUrl = `http://${hosts.retrieval}:${config.retrievalPort}`;
  }

  /** @throws OpenAiError 502 or 504 when retrieval is out of reach or fails. */
  async retrieve(query: string, hop: Hop): Promise<Document[]> {
    const { span } = hop;
    const response = await this.#fetch(`${this.#retrievalUrl}/v1/search`, "retrieval", hop.gone, {
      method: "POST",
      headers: this.#headers(hop),
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
  chat(body: string, extra: Readonly<Record<string, string>>, hop: Hop): Promise<Response> {
    return this.#fetch(`${this.providerUrl}/v1/chat/completions`, "provider", hop.gone, {
      method: "POST",
      headers: { ...this.#headers(hop), ...extra },
      body,
      client: this.#provider,
    });
  }

  models(path: string, traceId: string, gone: AbortSignal): Promise<Response> {
    const headers = { [TRACE_ID_HEADER]: traceId };
    return this.#fetch(`${this.providerUrl}${path}`, "provider", gone, { headers, client: this.#provider });
  }

  #headers({ span, traceId }: Hop): Record<string, string> {
    const traced: Record<string, string> = this.#traced ? { traceparent: traceparentOf(span) } : {};
    return { "content-type": "application/json", ...traced, [TRACE_ID_HEADER]: traceId };
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
