/** GET /metrics of a prom-client registry. */
import type { Registry } from "prom-client";
import type { HttpAnswer, Route } from "./http.ts";

export function metricsRoute(registry: Registry): Route {
  return async ({ method, path }): Promise<HttpAnswer | null> => {
    if (path !== "/metrics") return null;
    if (method !== "GET" && method !== "HEAD") return { status: 405, headers: { allow: "GET, HEAD" }, body: "" };
    const body = method === "HEAD" ? "" : await registry.metrics();
    return { status: 200, headers: { "content-type": registry.contentType }, body };
  };
}
