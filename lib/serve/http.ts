/** A request and its answer as handlers see them: no sockets, so that a handler can be asked in a test without one. */

export interface HttpRequest {
  /** Upper case. */
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** By lower-case name; of a header given twice the values are joined by a comma. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Address of the other side, for messages. */
  readonly peer: string;
  /** The whole body as it was sent. May be called once. @throws BodyError beyond `maxBytes`, when it is cut short, or when memory is short */
  readonly read: (maxBytes: number) => Promise<Uint8Array>;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: Uint8Array | string;
}

export type HttpHandler = (request: HttpRequest) => Promise<HttpAnswer>;

/** A handler for some paths: null means that the path is none of its own. */
export type Route = (request: HttpRequest) => Promise<HttpAnswer | null>;

/** Why a body was not read, as the HTTP status to answer with. */
export class BodyError extends Error {
  constructor(readonly status: 400 | 408 | 413 | 415 | 503, message: string) {
    super(message);
  }
}
