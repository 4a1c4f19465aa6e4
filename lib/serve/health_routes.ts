/** `/healthz`: the process answers. `/readyz`: it also does its work. For kubelets and load balancers. */
import type { HttpAnswer, Route } from "./http.ts";

/** @param notReady why it is not ready, in words; null: it is */
export function healthRoutes(notReady: () => string | null): Route {
  return ({ method, path }) => {
    if (path !== "/healthz" && path !== "/readyz") return Promise.resolve(null);
    if (method !== "GET" && method !== "HEAD") {
      return Promise.resolve({ status: 405, headers: { allow: "GET, HEAD" }, body: "" });
    }
    const reason = path === "/healthz" ? null : notReady();
    const said = reason === null ? "ok" : `not ready: ${reason}`;
    const answer: HttpAnswer = {
      status: reason === null ? 200 : 503,
      headers: { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" },
      body: method === "HEAD" ? "" : `${said}\n`,
    };
    return Promise.resolve(answer);
  };
}
