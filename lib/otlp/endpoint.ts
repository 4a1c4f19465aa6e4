/** Where each signal of an OTLP/HTTP endpoint goes. */
import { UsageError } from "../model/errors.ts";
import type { Signal } from "./response.ts";

const PATH = /\/v1\/(traces|logs|metrics)$/;

/**
 * An endpoint without a path, or one that ends in a slash, is a base to which `v1/<signal>` is added; the path of one signal stands
 * for those of the others; any other path is meant as it stands.
 *
 * @throws UsageError when it is no http URL; the text is not repeated, as it may hold a password
 */
export function signalUrl(endpoint: string, signal: Signal): string {
  const url = URL.parse(endpoint);
  if (url === null || !/^https?:$/.test(url.protocol) || url.hostname === "") {
    throw new UsageError(
      `Cannot send to "${withoutSecrets(endpoint)}": it is no http URL`,
      "Give one such as http://127.0.0.1:4318",
    );
  }
  if (url.pathname.endsWith("/")) url.pathname += `v1/${signal}`;
  else url.pathname = url.pathname.replace(PATH, `/v1/${signal}`);
  return url.href;
}

function withoutSecrets(endpoint: string): string {
  return endpoint.replace(/\/\/[^/@]*@/, "//xxx@").replace(/\?.*/, "?xxx");
}
