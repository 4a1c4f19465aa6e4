/** The agent's port: `/metrics`, `/healthz`, `/readyz`. */
import type { AgentMetrics } from "../export/agent_metrics.ts";
import { IoError } from "../model/errors.ts";
import type { Io } from "../model/io.ts";
import { parseAddress } from "../serve/address.ts";
import { healthRoutes } from "../serve/health_routes.ts";
import { type HttpListener, listenHttp } from "../serve/http_server.ts";
import { metricsRoute } from "../serve/metrics_route.ts";
import { routes } from "../serve/routes.ts";

/** Where an agent that runs as a service is scraped, when nobody says otherwise. */
export const METRICS_ADDRESS = "127.0.0.1:2112";
/** Scrapers and probes, not the world. */
const MOST_CONNECTIONS = 64;
const NO_BODY_BYTES = 64 * 1024;

export interface MetricsPort {
  /** As it was typed, or the default. */
  readonly address: string;
  /** Somebody asked for it: then it must be had. */
  readonly asked: boolean;
}

/** null where the default port belongs to somebody else: then it is said, and the agent goes on without. @throws UsageError, IoError */
export async function serveAgent(
  { address, asked }: MetricsPort,
  metrics: AgentMetrics,
  notReady: () => string | null,
  io: Pick<Io, "err">,
): Promise<HttpListener | null> {
  try {
    const listener = await listenHttp({
      ...parseAddress(address, `--metrics-bind ${METRICS_ADDRESS}`),
      handler: routes([metricsRoute(metrics.registry), healthRoutes(notReady)]),
      maxConnections: MOST_CONNECTIONS,
      maxBodyBytes: NO_BODY_BYTES,
    });
    const host = listener.hostname.includes(":") ? `[${listener.hostname}]` : listener.hostname;
    io.err(`sloctl: metrics at http://${host}:${listener.port}/metrics, with /healthz and /readyz\n`);
    return listener;
  } catch (error) {
    if (asked || !(error instanceof IoError)) throw error;
    io.err(`sloctl: no metrics: ${error.message}; give --metrics-bind HOST:PORT, or off\n`);
    return null;
  }
}
