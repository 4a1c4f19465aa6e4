/** A request and its answer as handlers see them: no sockets, so that a handler can be asked in a test without one. */
import type { Caller } from "./door.ts";

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
  /** Whose token it came with; undefined where none is wanted. */
  readonly caller?: Caller;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: Uint8Array | string;
  /** Instead of a body of known length: writes until it resolves, or the reader is gone. */
  readonly stream?: (out: HttpOut) => Promise<void>;
  /** Whom it is for, where a token was wanted; told by our own spans. */
  readonly caller?: Caller;
}

/** The body of an answer that is written while it comes to be. */
export interface HttpOut {
  /** False: more waits than the reader has taken; wait for `drained`. */
  write(text: string): boolean;
  /** True when the reader has taken what waited, or is gone; false when `ms` were not enough. */
  drained(ms: number): Promise<boolean>;
  /** Aborted when the reader has gone, or the listener shuts down. */
  readonly gone: AbortSignal;
}

export type HttpHandler = (request: HttpRequest) => Promise<HttpAnswer>;

/** A handler for some paths: null means that the path is none of its own. */
export type Route = (request: HttpRequest) => Promise<HttpAnswer | null>;

/** Tells the status of every answer. */
export function counted(handler: HttpHandler, onAnswer: (status: number) => void): HttpHandler {
  return async (request) => {
    const answer = await handler(request);
    onAnswer(answer.status);
    return answer;
  };
}

/** Why a body was not read, as the HTTP status to answer with. */
export class BodyError extends Error {
  constructor(readonly status: 400 | 408 | 413 | 415 | 503, message: string) {
    super(message);
  }
}
