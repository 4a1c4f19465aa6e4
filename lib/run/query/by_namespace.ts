/** One route a namespace: what a token of one may see is another world than what another may. */
import type { Route } from "../../serve/http.ts";

/** Routes are made when they are first asked for: as many as the token file names namespaces. */
export function byNamespace(make: (ns: string) => Route): Route {
  const made = new Map<string, Route>();
  return (request) => {
    const ns = request.caller?.ns ?? "";
    let route = made.get(ns);
    if (route === undefined) made.set(ns, route = make(ns));
    return route(request);
  };
}
