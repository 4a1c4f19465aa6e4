/**
 * Carries the services' spans to an endpoint of the user's. The services live in namespaces without a way out, so a receiver on the
 * host's loopback or anywhere else is reached through one on the host's lab address.
 */
import { createServer, request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import type { AddressInfo } from "node:net";
import { signalUrl } from "../otlp/endpoint.ts";

export interface OtlpRelay extends AsyncDisposable {
  /** Full URL for the services' exporters. */
  readonly tracesUrl: string;
}

/**
 * @param endpoint as signalUrl reads it
 * @throws UsageError when it is not such a URL.
 */
export async function otlpRelay(hostIp: string, endpoint: string): Promise<OtlpRelay> {
  const target = new URL(signalUrl(endpoint, "traces"));
  const send = target.protocol === "https:" ? httpsRequest : httpRequest;
  const server = createServer((incoming, outgoing) => {
    const { host: _, ...headers } = incoming.headers;
    const forward = send(target, { method: incoming.method ?? "POST", headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    // 503 asks the exporter to try again: the receiver may be started later than the lab.
    forward.on("error", () => outgoing.headersSent ? outgoing.destroy() : outgoing.writeHead(503).end());
    incoming.pipe(forward);
  });
  await new Promise<void>((done) => server.listen(0, hostIp, done));
  const { port } = server.address() as AddressInfo;
  return {
    tracesUrl: `http://${hostIp}:${port}/v1/traces`,
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((done) => server.close(() => done()));
      server.closeAllConnections();
      await closed;
    },
  };
}
