/** Requests for handlers, without a socket. */
import type { HttpAnswer, HttpHandler, HttpRequest } from "../serve/http.ts";
import { tooLarge } from "../serve/inflate.ts";

export interface Asked {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
}

/** A POST to /v1/traces unless told otherwise. */
export function request({ method = "POST", path = "/v1/traces", headers = {}, body = "" }: Asked): HttpRequest {
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  const [pathname, query] = path.split("?", 2);
  return {
    method,
    path: pathname!,
    query: new URLSearchParams(query),
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
    peer: "127.0.0.1",
    read: (maxBytes) => bytes.length > maxBytes ? Promise.reject(tooLarge(maxBytes)) : Promise.resolve(bytes),
  };
}

export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Uint8Array;
  readonly text: string;
}

export async function ask(handler: HttpHandler, asked: Asked): Promise<Answered> {
  return readAnswer(await handler(request(asked)));
}

export function readAnswer({ status, headers = {}, body }: HttpAnswer): Answered {
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  return { status, headers, bytes, text: new TextDecoder().decode(bytes) };
}
