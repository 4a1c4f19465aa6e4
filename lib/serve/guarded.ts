/** Routes behind a door: nobody's request reaches them before its token was looked at. */
import type { Admission, Door, Refusal } from "./door.ts";
import type { HttpAnswer, HttpHandler, HttpRequest } from "./http.ts";
import { refuse } from "./otlp_http.ts";
import type { Verb } from "./token_file.ts";

const OPEN = new Set(["/v1/health"]);
/** What is counted there is counted over all namespaces together. */
const WHOLE = new Set(["/metrics"]);
const INGEST = new Set(["/v1/traces", "/v1/logs", "/v1/metrics"]);

/** What a path wants; null: nothing, whoever asks. */
export function verbOf(path: string): Verb | null {
  if (OPEN.has(path)) return null;
  if (INGEST.has(path)) return "ingest";
  return path.startsWith("/v1/admin/") ? "admin" : "read";
}

/** @param onRefused is told of every call that was turned away */
export function guarded(
  handler: HttpHandler,
  door: Door,
  onRefused: (request: HttpRequest, refusal: Refusal) => void = () => {},
): HttpHandler {
  return async (request) => {
    const verb = verbOf(request.path);
    if (verb === null) return await handler(request);
    const { caller, refusal }: Admission = door.admit(
      request.headers.authorization,
      verb,
      WHOLE.has(request.path) ? "all" : "own",
    );
    if (refusal !== undefined) {
      onRefused(request, refusal);
      const answer = refused(request, refusal);
      return refusal.caller === undefined ? answer : { ...answer, caller: refusal.caller };
    }
    const read = (maxBytes: number) => request.read(Math.min(maxBytes, caller.maxBytes));
    return { ...await handler({ ...request, caller, read }), caller };
  };
}

function refused(request: HttpRequest, { status, message, retryAfterS }: Refusal): HttpAnswer {
  const headers: Record<string, string> = {
    ...(status === 401 ? { "www-authenticate": "Bearer" } : {}),
    ...(retryAfterS === undefined ? {} : { "retry-after": String(retryAfterS) }),
  };
  return refuse(request, status, { message, ...(retryAfterS && { retryAfterS }) }, headers);
}
