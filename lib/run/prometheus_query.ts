/** Asks a Prometheus server instant queries; what cannot be concluded from is a value with its reason. */
import { readAnswer, type Reading } from "../gate/prometheus.ts";
import { type Getter, openGetter } from "../net/getter.ts";
import { type Failure, failureWords } from "../net/poster.ts";
import { readBearer } from "../net/bearer.ts";
import { UsageError } from "../model/errors.ts";

export interface PrometheusOptions {
  readonly prometheusUrl: string;
  /** Patience with one answer. */
  readonly timeoutMs: number;
  /** Its first line goes along as `Authorization: Bearer`. */
  readonly bearerTokenFile: string | undefined;
  readonly caFile: string | undefined;
}

export interface Prometheus extends Disposable {
  /** Scheme, host and port. */
  readonly shown: string;
  /** @throws UsageError when Prometheus says that the query is wrong */
  ask(query: string, stop: AbortSignal): Promise<Reading>;
}

/** Nobody was there, or nobody answered in time. A certificate that is not trusted is an answer: of the wrong one. */
const UNREACHABLE: ReadonlySet<Failure> = new Set<Failure>(["refused", "name", "timeout", "closed"]);

const REASON: Readonly<Record<Failure, string>> = {
  refused: "unreachable",
  name: "unreachable",
  closed: "unreachable",
  timeout: "timeout",
  tls: "tls",
  too_large: "too-large",
  stopped: "stopped",
};

/** @throws UsageError, IoError */
export function openPrometheus({ prometheusUrl, timeoutMs, bearerTokenFile, caFile }: PrometheusOptions): Prometheus {
  if (prometheusUrl === "") {
    throw new UsageError(
      "Cannot ask: no Prometheus is named",
      "Give --prometheus-url URL, or set cdgate.prometheus_url or SLOCTL_CDGATE_PROMETHEUS_URL",
    );
  }
  const headers: Record<string, string> = bearerTokenFile === undefined
    ? {}
    : { authorization: `Bearer ${readBearer(bearerTokenFile)}` };
  const getter: Getter = openGetter({ url: prometheusUrl, headers, timeoutMs, caFile });
  return {
    shown: getter.shown,
    async ask(query, stop) {
      const answer = await getter.get("api/v1/query", { query }, stop);
      if (answer.kind === "failure") {
        const { failure } = answer;
        const unreachable = UNREACHABLE.has(failure) ? { unreachable: true as const } : {};
        const reason = REASON[failure];
        const state = `at ${getter.shown}: ${failureWords(failure)}`;
        return { refusal: { verdict: "not-evaluated", reason, state, ...unreachable } };
      }
      const read = readAnswer(answer.status, new TextDecoder().decode(answer.body));
      if (!("badQuery" in read)) return read;
      throw new UsageError(`Cannot ask "${query}": Prometheus refuses it: ${read.badQuery}`, "Correct the query");
    },
    [Symbol.dispose]: () => getter[Symbol.dispose](),
  };
}
