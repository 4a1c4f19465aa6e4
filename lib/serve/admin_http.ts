/** /v1/admin/*: what changes or copies the store, and who may come in. Behind a door only, and every call is told to the audit. */
import { SloctlError } from "../model/errors.ts";
import { toJson } from "../model/json.ts";
import type { Door } from "./door.ts";
import { ADMIN } from "./api.ts";
import type { HttpAnswer, HttpRequest, Route } from "./http.ts";
import { refuse } from "./otlp_http.ts";
import { claimsJson } from "./token_file.ts";

/** What a store can be told to do; absent: this one cannot. Answers are JSON documents. */
export interface StoreActs {
  readonly snapshot?: () => Promise<object>;
  /** Lets go of everything up to this sequence. */
  readonly trim?: (seq: number) => Promise<object>;
}

/** What is asked for is being done already. */
export class BusyError extends Error {}

export interface AdminOptions {
  /** Null: there are no tokens, and so nobody who may. */
  readonly door: Door | null;
  readonly acts: StoreActs;
  readonly nowMs: () => number;
  /** Sequence of the newest entry. */
  readonly last: () => number;
}

export function adminRoute(options: AdminOptions): Route {
  return async (request) => {
    const { path, method } = request;
    if (!path.startsWith("/v1/admin/")) return null;
    if (options.door === null || request.caller === undefined) {
      const message = "Cannot do that: it takes a token with the verb admin, and this collector has no token file";
      return refuse(request, 403, { message });
    }
    const operation = ADMIN.find((one) => one.path === path);
    if (operation === undefined) {
      return refuse(request, 404, { code: 5, message: "Cannot find it: nothing is served there" });
    }
    const { id, method: allowed = "GET" } = operation;
    if (method !== allowed) {
      return refuse(request, 405, { message: `Cannot do that: only ${allowed} is allowed` }, { allow: allowed });
    }
    if (id === "tokens") {
      return json({ schema: "tokens-answer/v1", tokens: tokens(options.door, request, options.nowMs()) });
    }
    const act = id === "trim" ? trim(request, options) : options.acts.snapshot;
    if (act === undefined) {
      return refuse(request, 501, { message: "Cannot do that: the store of this collector is not able to" });
    }
    if (typeof act === "string") return refuse(request, 400, { message: act });
    try {
      return json(await act());
    } catch (error) {
      if (error instanceof BusyError) return refuse(request, 409, { message: error.message });
      if (error instanceof SloctlError) return refuse(request, 503, { message: error.message });
      throw error;
    }
  };
}

/** Those of the caller's own namespace, where it has one. */
function tokens(door: Door, { caller }: HttpRequest, nowMs: number): object[] {
  return door.tokens.filter(({ ns }) => caller!.ns === "" || caller!.ns === ns).map((token) =>
    claimsJson(token, nowMs)
  );
}

/** Text: why it is refused. */
function trim({ query }: HttpRequest, { acts, last }: AdminOptions): (() => Promise<object>) | string | undefined {
  const { trim } = acts;
  if (trim === undefined) return undefined;
  const text = query.get("seq") ?? "";
  const seq = /^\d{1,15}$/.test(text) ? Number(text) : 0;
  if (seq < 1 || seq > last()) {
    return `Cannot trim up to "${
      text.slice(0, 20).replaceAll(/[^\x21-\x7e]/g, "?")
    }": ?seq= is a sequence from 1 to ${last()}`;
  }
  return () => trim(seq);
}

function json(answer: object): HttpAnswer {
  const headers = { "content-type": "application/json", "cache-control": "no-store" };
  return { status: 200, headers, body: `${toJson(answer)}\n` };
}
