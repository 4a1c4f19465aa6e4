/** Several handlers on one port, each with paths of its own. */
import type { HttpAnswer, HttpHandler, HttpRequest, Route } from "./http.ts";
import { refuse } from "./otlp_http.ts";

/** The first route that answers; none does: 404. */
export function routes(list: readonly Route[]): HttpHandler {
  return (request) => firstAnswer(list, request);
}

async function firstAnswer(list: readonly Route[], request: HttpRequest): Promise<HttpAnswer> {
  for (const route of list) {
    const answer = await route(request);
    if (answer !== null) return answer;
  }
  const path = request.path.slice(0, 200).replaceAll(/[^\x21-\x7e]/g, "?");
  return refuse(request, 404, { message: `Cannot find "${path}": nothing is served there` });
}
