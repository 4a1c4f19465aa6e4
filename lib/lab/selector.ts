/** The gateway's retrieval step: passages for a question, from the index or from a small cache in front of it. */
import type { Span } from "@opentelemetry/api";
import type { Document } from "./corpus.ts";
import type { GatewayMetrics } from "./gateway_metrics.ts";
import { Lru } from "./lru.ts";
import { OpenAiError } from "./openai_error.ts";
import { DATA_SOURCE, type GatewayConfig, RETRIEVAL_NAME } from "./roles.ts";
import { endSpan, type Tracing } from "./tracing.ts";
import type { Upstreams } from "./upstream.ts";

/** Questions whose passages are kept. Nothing grows stale: the corpus never changes while a lab runs. */
const CACHE_SIZE = 256;

export interface Question {
  readonly query: string;
  /** The gateway's SERVER span, and the X-Trace-Id that goes with it. */
  readonly parent: Span;
  readonly traceId: string;
  /** Aborted when nobody waits for the answer any more. */
  readonly gone: AbortSignal;
}

export class Selector {
  readonly #cache = new Lru<readonly Document[]>(CACHE_SIZE);

  constructor(
    readonly config: GatewayConfig,
    readonly tracing: Tracing,
    readonly upstreams: Upstreams,
    readonly metrics: GatewayMetrics,
  ) {}

  /** From the cache if it can. @throws as search() does. */
  async select(question: Question): Promise<readonly Document[]> {
    const known = this.#cache.get(question.query);
    this.metrics.cacheAsked(known !== undefined);
    if (known !== undefined) return known;
    const documents = await this.search(question);
    this.#cache.set(question.query, documents);
    return documents;
  }

  /** Always asks the index. @throws OpenAiError 502 or 504 when retrieval is out of reach or fails. */
  async search({ query, parent, traceId, gone }: Question): Promise<readonly Document[]> {
    const span = this.tracing.client(`retrieval ${DATA_SOURCE}`, parent, {
      "gen_ai.operation.name": "retrieval",
      "gen_ai.data_source.id": DATA_SOURCE,
      "server.address": RETRIEVAL_NAME,
      "server.port": this.config.retrievalPort,
    });
    const startedAt = performance.now();
    let failure: string | undefined = "error";
    try {
      const documents = await this.upstreams.retrieve(query, { span, traceId, gone });
      failure = undefined;
      return documents;
    } catch (error) {
      if (error instanceof OpenAiError) failure = error.code;
      throw error;
    } finally {
      this.metrics.searched((performance.now() - startedAt) / 1000);
      endSpan(span, failure);
    }
  }
}
