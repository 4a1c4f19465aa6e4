/** A webhook receiver that answers as it is told to, and keeps what came. */
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

export interface WebhookCall {
  readonly headers: IncomingMessage["headers"];
  readonly path: string;
  /** As it came: what a signature is computed over. */
  readonly bytes: Uint8Array;
  // deno-lint-ignore no-explicit-any
  readonly json: any;
  readonly at: number;
}

/** A status; `hang`: no answer; `cut`: the connection ends without one. */
export type WebhookAnswer = number | "hang" | "cut" | { readonly status: number; readonly retryAfter: string };

export interface WebhookSink extends AsyncDisposable {
  readonly port: number;
  readonly calls: readonly WebhookCall[];
}

/** @param answer what to answer to call n, from 0 */
export async function webhookSink(answer: (n: number) => WebhookAnswer = () => 202, port = 0): Promise<WebhookSink> {
  const calls: WebhookCall[] = [];
  const server = createServer(async (request, response) => {
    const parts: Uint8Array[] = [];
    for await (const part of request) parts.push(part);
    const bytes = new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer());
    const json = JSON.parse(new TextDecoder().decode(bytes));
    const call = { headers: request.headers, path: request.url ?? "", bytes, json, at: Date.now() };
    const what = answer(calls.push(call) - 1);
    if (what === "hang") return;
    if (what === "cut") return void request.socket.destroy();
    const { status, retryAfter } = typeof what === "number" ? { status: what, retryAfter: "" } : what;
    response.writeHead(status, retryAfter === "" ? {} : { "retry-after": retryAfter }).end();
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    calls,
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}
