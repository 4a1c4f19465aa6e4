/** An OTLP/HTTP receiver and nothing else on a port of its own. */
import { counted } from "./http.ts";
import type { HttpListener } from "./http_server.ts";
import { listenHttp } from "./http_server.ts";
import { otlpRoute } from "./otlp_http.ts";
import { OtlpReceiver, type OtlpSink, type SignalStats } from "./otlp_receiver.ts";
import { routes } from "./routes.ts";
import type { Signal } from "../otlp/mod.ts";

export interface OtlpOptions {
  readonly hostname: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Largest body, raw or inflated, in bytes. Default 64 MiB. */
  readonly maxBodyBytes?: number;
  /** Spans remembered against duplicates. Default 131 072. */
  readonly horizon?: number;
  readonly sink: OtlpSink;
}

export interface OtlpServer extends AsyncDisposable, Pick<HttpListener, "hostname" | "port" | "shutdown"> {
  readonly stats: Readonly<Record<Signal, SignalStats>>;
  /** Answers by HTTP status. */
  readonly answers: ReadonlyMap<number, number>;
}

/** @throws IoError when the address is taken or not ours, UsageError when it is no address. */
export async function serveOtlp({ hostname, port, maxBodyBytes, horizon, sink }: OtlpOptions): Promise<OtlpServer> {
  const receiver = new OtlpReceiver({ sink, ...(horizon === undefined ? {} : { horizon }) });
  const answers = new Map<number, number>();
  const handler = counted(
    routes([otlpRoute({ receiver, ...(maxBodyBytes === undefined ? {} : { maxBodyBytes }) })]),
    (status) => answers.set(status, (answers.get(status) ?? 0) + 1),
  );
  const listener = await listenHttp({ hostname, port, handler });
  return {
    hostname: listener.hostname,
    port: listener.port,
    shutdown: () => listener.shutdown(),
    stats: receiver.stats,
    answers,
    [Symbol.asyncDispose]: () => listener.shutdown(),
  };
}
