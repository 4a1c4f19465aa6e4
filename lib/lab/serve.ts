/** One role of the lab, as a process: starts its server, runs until it is told to stop, ends in order. */
import { UsageError } from "../model/errors.ts";
import { serveGateway } from "./gateway.ts";
import { serveProvider } from "./provider.ts";
import { serveResolver } from "./resolver.ts";
import { serveRetrieval } from "./retrieval.ts";
import { type RoleConfigs, ROLES } from "./roles.ts";

/**
 * Serves until `stop` is aborted or the owner's end of `stdin` closes; the latter happens even when the owner is killed outright, so
 * no service outlives its lab.
 *
 * @param config the role's entry of RoleConfigs, as JSON
 * @throws UsageError for an unknown role; IoError when a port is taken.
 */
export async function serveRole(
  role: string,
  config: string,
  stdin: ReadableStream<Uint8Array>,
  stop: AbortSignal,
): Promise<void> {
  await using _ = await start(role, config);
  const stopped = new Promise<void>((done) => {
    if (stop.aborted) done();
    stop.addEventListener("abort", () => done(), { once: true });
  });
  await Promise.race([stopped, drained(stdin)]);
}

/** The owner is this same program, so the JSON is trusted to be what the role's type says. */
function start(role: string, config: string): Promise<AsyncDisposable> {
  switch (role) {
    case "gateway":
      return serveGateway(JSON.parse(config) as RoleConfigs["gateway"]);
    case "retrieval":
      return serveRetrieval(JSON.parse(config) as RoleConfigs["retrieval"]);
    case "provider":
      return serveProvider(JSON.parse(config) as RoleConfigs["provider"]);
    case "resolver":
      return serveResolver(JSON.parse(config) as RoleConfigs["resolver"]);
    default:
      throw new UsageError(`Cannot serve "${role}": there is no such role`, `Use one of ${ROLES.join(", ")}`);
  }
}

async function drained(stream: ReadableStream<Uint8Array>): Promise<void> {
  for await (const _ of stream) {
    // Nothing is expected; the end is the message.
  }
}
