/** What the gateway counts, in Prometheus' text format. */
import { Counter, Histogram, Registry } from "prom-client";
import { GATEWAY_BOUNDS_S, TTFT_BOUNDS_MS } from "../model/histograms.ts";
import { ERROR_CODES, type ErrorCode } from "./error_code.ts";
import { type ToolLabel, TOOLS } from "./execute_request.ts";
import type { Handler } from "./http_service.ts";
import { DATA_SOURCE } from "./roles.ts";

const BUCKETS = GATEWAY_BOUNDS_S.map(Number);

export class GatewayMetrics {
  readonly #registry = new Registry();
  readonly #requests = this.#counter("ai_requests_total", "Requests by tool and how they ended.", ["tool", "status"]);
  readonly #duration = new Histogram({
    name: "ai_request_duration_seconds",
    help: "From the arrival of a request to the end of its answer.",
    labelNames: ["tool", "instance"],
    buckets: BUCKETS,
    registers: [this.#registry],
  });
  readonly #ttft = new Histogram({
    name: "llm_slo_ttft_ms",
    help: "From the arrival of a request to the first token of its answer; requests without an answer are not in it.",
    labelNames: ["instance"],
    buckets: TTFT_BOUNDS_MS.map(Number),
    registers: [this.#registry],
  });
  readonly #errors = this.#counter("ai_request_errors_total", "Failed requests by error code.", ["tool", "error_type"]);
  readonly #searches = this.#counter("selector_search_total", "Searches asked of the retrieval index.", ["platform"]);
  readonly #searchDuration = new Histogram({
    name: "selector_search_duration_seconds",
    help: "From asking the retrieval index to having its answer.",
    labelNames: ["platform", "instance"],
    buckets: BUCKETS,
    registers: [this.#registry],
  });
  readonly #hits = this.#counter("selector_cache_hits_total", "Selections answered from the gateway's cache.", []);
  readonly #misses = this.#counter("selector_cache_misses_total", "Selections the cache was asked for in vain.", []);

  /** Every series of a known tool starts at zero: a rate sees the first error only if there was a sample before it. */
  constructor(readonly instance: string) {
    for (const tool of TOOLS) {
      for (const status of ["success", "error"]) this.#requests.inc({ tool, status, instance }, 0);
      for (const error_type of ERROR_CODES) this.#errors.inc({ tool, error_type, instance }, 0);
      this.#duration.zero({ tool, instance });
    }
    this.#ttft.zero({ instance });
    this.#searches.inc({ platform: DATA_SOURCE, instance }, 0);
    this.#searchDuration.zero({ platform: DATA_SOURCE, instance });
    this.#hits.inc({ instance }, 0);
    this.#misses.inc({ instance }, 0);
  }

  /** @param ending null for success; "canceled" when the caller went away first, which is nobody's error */
  finished(tool: ToolLabel, seconds: number, ending: ErrorCode | "canceled" | null): void {
    const { instance } = this;
    const status = ending === null ? "success" : ending === "canceled" ? "canceled" : "error";
    this.#requests.inc({ tool, status, instance });
    this.#duration.observe({ tool, instance }, seconds);
    if (status === "error" && ending !== null) this.#errors.inc({ tool, error_type: ending, instance });
  }

  firstToken(ms: number): void {
    this.#ttft.observe({ instance: this.instance }, ms);
  }

  searched(seconds: number): void {
    this.#searches.inc({ platform: DATA_SOURCE, instance: this.instance });
    this.#searchDuration.observe({ platform: DATA_SOURCE, instance: this.instance }, seconds);
  }

  cacheAsked(hit: boolean): void {
    (hit ? this.#hits : this.#misses).inc({ instance: this.instance });
  }

  readonly handler: Handler = async (_request, response) => {
    const text = new TextEncoder().encode(await this.#registry.metrics());
    response.writeHead(200, { "content-type": this.#registry.contentType, "content-length": `${text.length}` });
    response.end(text);
  };

  #counter(name: string, help: string, labels: readonly string[]): Counter {
    return new Counter({ name, help, labelNames: [...labels, "instance"], registers: [this.#registry] });
  }
}
