/** GET from one server with every wait and every size bounded. What goes wrong is a value: the caller decides what it means. */
import { clientTls } from "./client_tls.ts";
import { type Answer, exchange, target } from "./poster.ts";

export interface GetterOptions {
  /** With a path, if the server lives below one: http://host/prometheus. User and password may stand in it. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Patience with one question, from the first packet to the last. */
  readonly timeoutMs: number;
  /** PEM file of authorities that are trusted beside the public ones. */
  readonly caFile?: string | undefined;
}

export interface Getter extends Disposable {
  /** For messages: scheme, host and port. A path or a query may hold a secret. */
  readonly shown: string;
  /** @param path below that of the URL, without a slash before it */
  get(path: string, query: Readonly<Record<string, string>>, signal?: AbortSignal): Promise<Answer>;
}

/** @throws UsageError, IoError */
export function openGetter({ url, headers = {}, timeoutMs, caFile }: GetterOptions): Getter {
  const { href, shown, authorization } = target(url);
  const client = Deno.createHttpClient(clientTls({ caFile }));
  return {
    shown,
    get(path, query, signal) {
      const asked = new URL(href);
      asked.pathname = `${asked.pathname.replace(/\/+$/, "")}/${path}`;
      for (const [key, value] of Object.entries(query)) asked.searchParams.set(key, value);
      const init = { method: "GET", headers: { ...authorization, ...headers } };
      return exchange(client, asked.href, init, { timeoutMs, signal });
    },
    [Symbol.dispose]: () => client.close(),
  };
}
