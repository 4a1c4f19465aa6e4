/**
 * A page from elsewhere can give itself a name that means 127.0.0.1, and its script then asks a service on loopback as if it were its
 * own site. What it cannot do is to ask under a name of ours: an address, localhost, or a name without a dot.
 */
import type { HttpHandler } from "./http.ts";
import { refuse } from "./otlp_http.ts";

/** For a listener on loopback that asks nobody for a token or a certificate. */
export function ownNamesOnly(handler: HttpHandler): HttpHandler {
  return (request) => {
    const { host } = request.headers;
    if (host === undefined || isOurs(host)) return handler(request);
    const told = host.slice(0, 80).replaceAll(/[^\x21-\x7e]|"/g, "?");
    const message = `Cannot answer as "${told}": without --token-file a collector on loopback answers to addresses, ` +
      "to localhost and to names without a dot";
    return Promise.resolve(refuse(request, 403, { message }));
  };
}

function isOurs(host: string): boolean {
  const name = host.replace(/:\d*$/, "").toLowerCase();
  return /^\[[0-9a-f:.]+\]$/.test(name) || /^\d{1,3}(\.\d{1,3}){3}$/.test(name) || /^[^.]*$/.test(name) ||
    name.endsWith(".localhost");
}
