/**
 * The OpenTelemetry Collector, built from the Go module proxy: OTLP over HTTP in, a sending queue on disk that syncs, OTLP over HTTP out
 * to a server that answers at once.
 */
import { exec } from "../../lib/host/exec.ts";
import { UnsupportedError } from "../../lib/model/errors.ts";
import { type Peer, startProcess } from "./ingest_peer.ts";

export const COLLECTOR_VERSION = "v0.161.0";
/** The build is given up after so long. */
const BUILD_MS = 240_000;

const MANIFEST = `dist:
  name: otelcol-bench
  output_path: ./out
receivers:
  - gomod: go.opentelemetry.io/collector/receiver/otlpreceiver ${COLLECTOR_VERSION}
exporters:
  - gomod: go.opentelemetry.io/collector/exporter/otlphttpexporter ${COLLECTOR_VERSION}
extensions:
  - gomod: github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage ${COLLECTOR_VERSION}
`;

/** Path of the program. @throws UnsupportedError without Go or the proxy */
export async function buildCollector(folder: string): Promise<string> {
  try {
    await exec("go", "version");
  } catch {
    throw new UnsupportedError("no Go on this machine, so the OpenTelemetry Collector is not built", "Install Go");
  }
  const dir = `${folder}/otelcol`;
  await Deno.mkdir(dir);
  await Deno.writeTextFile(`${dir}/builder.yaml`, MANIFEST);
  const { success, stderr } = await new Deno.Command("timeout", {
    args: [
      String(BUILD_MS / 1000),
      "go",
      "run",
      `go.opentelemetry.io/collector/cmd/builder@${COLLECTOR_VERSION}`,
      "--config",
      "builder.yaml",
    ],
    cwd: dir,
    env: { GOFLAGS: "-buildvcs=false" },
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) {
    const said = new TextDecoder().decode(stderr).trim().split("\n").at(-1) ?? "";
    throw new UnsupportedError(`the OpenTelemetry Collector could not be built: ${said.slice(0, 300)}`);
  }
  return `${dir}/out/otelcol-bench`;
}

/** @param sink `http://host:port` that it sends to */
export function collectorPeer(program: string, sink: string): Peer {
  return {
    name: "OpenTelemetry Collector",
    async start(dir) {
      await Deno.mkdir(`${dir}/queue`, { recursive: true });
      const port = freePort();
      await Deno.writeTextFile(`${dir}/config.yaml`, configOf(port, `${dir}/queue`, sink));
      return await startProcess([program, "--config", `${dir}/config.yaml`], /Everything is ready/, port);
    },
  };
}

/** As many requests may wait as come: what is compared is what is acknowledged. */
function configOf(port: number, queue: string, sink: string): string {
  return `receivers:
  otlp:
    protocols:
      http:
        endpoint: 127.0.0.1:${port}
extensions:
  file_storage:
    directory: ${queue}
    fsync: true
exporters:
  otlp_http:
    endpoint: ${sink}
    compression: none
    sending_queue:
      storage: file_storage
      queue_size: 10000000
service:
  extensions: [file_storage]
  telemetry:
    metrics:
      level: none
  pipelines:
    traces:
      receivers: [otlp]
      exporters: [otlp_http]
`;
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
