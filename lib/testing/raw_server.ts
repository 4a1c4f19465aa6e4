/** A TCP server that says exactly what it is told to, for clients that must bear anything. */
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";

export interface RawServer extends AsyncDisposable {
  readonly port: number;
  /** Heads of the requests so far. */
  readonly heads: readonly string[];
}

export type Write = (part: string | Uint8Array) => Promise<void>;
/** What the connection does after an answer: it lives on, ends in order, or is cut by a reset. */
export type After = "keep" | "close" | "reset";

/** `answer` writes what it likes to each request, in order of arrival. */
export async function rawServer(
  answer: (write: Write, n: number) => Promise<After>,
  tls?: { readonly cert: string; readonly key: string },
): Promise<RawServer> {
  const heads: string[] = [];
  const open = new Set<Socket>();

  function serve(socket: Socket): void {
    open.add(socket);
    const gone = new Promise<never>((_, reject) =>
      socket.on("close", () => reject(new Error("the other side is gone")))
    );
    gone.catch(() => {});
    const write: Write = (part) => {
      const written = new Promise<void>((resolve) => socket.write(part, () => resolve()));
      return Promise.race([written, gone]);
    };
    let text = "";
    let busy = Promise.resolve();
    socket.on("data", (bytes: Uint8Array) => {
      text += new TextDecoder("latin1").decode(bytes);
      for (let request = split(text); request !== null; request = split(text)) {
        text = request.rest;
        const nth = heads.push(request.head) - 1;
        busy = busy.then(async () => {
          const after = await answer(write, nth).catch(() => "close");
          if (after === "reset") socket.resetAndDestroy();
          else if (after === "close") socket.end();
        });
      }
    });
    socket.on("error", () => {});
    socket.on("close", () => open.delete(socket));
  }

  const server = tls === undefined ? createServer(serve) : createTlsServer(tls, serve);
  server.on("tlsClientError", () => {});
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    heads,
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The first whole request of the text: its head, and what follows its body. */
function split(text: string): { readonly head: string; readonly rest: string } | null {
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return null;
  const head = text.slice(0, end);
  const length = Number(/\ncontent-length:\s*(\d+)/i.exec(head)?.[1] ?? 0);
  return text.length < end + 4 + length ? null : { head, rest: text.slice(end + 4 + length) };
}
