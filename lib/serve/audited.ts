/** Every call of an admin route, told to whoever keeps the audit: by key, whether it was let in or not. */
import type { HttpHandler } from "./http.ts";

export interface AuditLine {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly peer: string;
  /** "": nobody's token. */
  readonly kid: string;
  readonly jti: string;
  readonly ns: string;
}

/** Around the door, so that who was turned away is told too. The answer waits for `tell`. */
export function audited(handler: HttpHandler, tell: (line: AuditLine) => Promise<void>): HttpHandler {
  return async (request) => {
    if (!request.path.startsWith("/v1/admin/")) return await handler(request);
    const answer = await handler(request);
    const { kid, jti, ns } = answer.caller ?? { kid: "", jti: "", ns: "" };
    const printable = (text: string) => text.slice(0, 100).replaceAll(/[^\x21-\x7e]/g, "?");
    const { method, path, peer } = request;
    await tell({ method: printable(method), path: printable(path), status: answer.status, peer, kid, jti, ns });
    return answer;
  };
}
