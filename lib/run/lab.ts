/** `lab up`, `down` and `status`: the demo workload alone, for any client. */
import { processStartTicks } from "../host/process_start.ts";
import { selfCommand } from "../host/self.ts";
import { RESOLVER_CONTROL_PORT, startLab } from "../lab/lab.ts";
import { cleanLeftovers } from "../lab/leftovers.ts";
import { STATE_DIR } from "../lab/names.ts";
import { otlpRelay } from "../lab/otlp_relay.ts";
import { type LabState, readState, requireRoot, takeLock } from "../lab/state.ts";
import { EXIT, IoError, UsageError } from "../model/errors.ts";
import type { Io } from "../model/io.ts";
import { signalUrl } from "../otlp/endpoint.ts";

export interface LabPorts {
  readonly port: number;
  readonly providerPort: number;
  readonly resolverPort: number;
}

export interface LabUp extends LabPorts {
  readonly seed: number;
  /** The provider is reached over TLS. */
  readonly tls: boolean;
  /** The gateway's tool `echo` answers without the model. */
  readonly bypassLlm: boolean;
  /** Where the services' spans go, as the host sees it: http://127.0.0.1:4318. */
  readonly otlpEndpoint?: string;
  readonly json: boolean;
}

/** Longest wait for a detached owner to come up, and for one to clean up after itself, in ms. */
const UP_MS = 45_000;
const DOWN_MS = 15_000;

/** Checks at the door what would otherwise fail inside a service. @throws UsageError naming the flag's value. */
export function checkPorts(ports: LabPorts, otlpEndpoint: string | undefined): void {
  for (const port of [ports.port, ports.providerPort, ports.resolverPort]) {
    if (port < 1 || port > 65535) throw new UsageError(`Cannot listen on port "${port}": it is not in 1-65535`);
  }
  if (ports.resolverPort === RESOLVER_CONTROL_PORT) {
    throw new UsageError(
      `Cannot answer DNS on port "${ports.resolverPort}": the resolver is controlled there`,
      "Choose another --resolver-port",
    );
  }
  if (otlpEndpoint !== undefined) signalUrl(otlpEndpoint, "traces");
}

/** Runs the lab until SIGINT or SIGTERM, then removes it. @throws IoError when one of its services ends by itself. */
export async function labUp(options: LabUp, io: Io): Promise<number> {
  // Looked at first: from here on a signal ends the lab in order, also one that comes while it is starting.
  const stopped = aborted(io.stop);
  await using stack = new AsyncDisposableStack();
  const { otlpEndpoint, json, ...lab } = options;
  const log = (line: string) => io.err(`${line}\n`);
  const running = stack.use(
    await startLab({
      ...lab,
      ...(otlpEndpoint === undefined
        ? {}
        : { otlpEndpointOnHost: async (hostIp: string) => stack.use(await otlpRelay(hostIp, otlpEndpoint)).tracesUrl }),
    }, log),
  );
  const state = readState();
  if (state !== null && !io.stop.aborted) {
    printUp(state, json, io);
    io.err("The lab is up; Ctrl-C removes it.\n");
  }
  const broken = await Promise.race([running.broken, stopped]);
  if (broken !== null) throw broken;
  return EXIT.ok;
}

/** Starts an owner that outlives this command, waits until its lab is up, prints where it listens. */
export async function labUpDetached(args: readonly string[], json: boolean, io: Io): Promise<number> {
  (await takeLock())[Symbol.dispose](); // says at once, and here, when there is a lab already or no root
  const logFile = `${STATE_DIR}/lab.log`;
  const child = new Deno.Command("sh", {
    args: ["-c", 'f=$1; shift; exec setsid "$@" > "$f" 2>&1', "sh", logFile, ...selfCommand(), "lab", "up", ...args],
    stdin: "null",
  }).spawn();
  let over = false;
  const ended = child.status.then(() => over = true);
  child.unref();
  const state = await poll(UP_MS, () => over ? "ended" : readState());
  if (state === null || state === "ended") {
    if (state === null) child.kill("SIGTERM");
    await ended;
    const said = Deno.readTextFileSync(logFile).split("\n").findLast((line) => line.includes("Cannot "));
    throw new IoError(
      said?.replace(/^sloctl: /, "") ?? 'Cannot start "lab up": it ended before it was ready',
      `See ${logFile}`,
    );
  }
  printUp(state, json, io);
  io.err("The lab is up and stays; remove it with: sloctl lab down\n");
  return EXIT.ok;
}

/** Ends a running lab and removes whatever is left of an earlier one. */
export async function labDown(io: Io): Promise<number> {
  requireRoot();
  const log = (line: string) => io.err(`${line}\n`);
  const state = readState();
  if (state !== null) {
    Deno.kill(state.pid, "SIGTERM");
    const gone = await poll(DOWN_MS, () => processStartTicks(state.pid) === state.start_ticks ? null : true);
    if (gone === null) {
      throw new IoError(`Cannot end the lab: its owner, pid ${state.pid}, did not end within ${DOWN_MS / 1000} s`);
    }
  }
  await cleanLeftovers(log);
  io.err(state === null ? "No lab is running.\n" : "The lab is down.\n");
  return EXIT.ok;
}

/** Prints where the running lab listens. Exit code 4 when there is none. */
export function labStatus(json: boolean, io: Io): number {
  const state = readState();
  if (json) io.out(JSON.stringify(state === null ? { running: false } : { running: true, ...state }) + "\n");
  else if (state === null) io.out("No lab is running.\n");
  else io.out(statusText(state));
  return state === null ? EXIT.io : EXIT.ok;
}

function printUp(state: LabState, json: boolean, io: Io): void {
  io.out(json ? JSON.stringify({ running: true, ...state }) + "\n" : statusText(state));
}

function statusText(state: LabState): string {
  const rows = state.services.map(({ role, pid, ip, port, netns }) =>
    `  ${role.padEnd(10)} pid ${pid}  ${ip}:${port}  netns ${netns}`
  );
  const ca = state.ca_path === null ? [] : [`CA        ${state.ca_path}`];
  return [
    `gateway   ${state.gateway_url}`,
    `provider  ${state.provider_url}`,
    ...ca,
    `owner pid ${state.pid}`,
    ...rows,
    "",
  ].join("\n");
}

function aborted(signal: AbortSignal): Promise<null> {
  return new Promise((done) => {
    if (signal.aborted) done(null);
    signal.addEventListener("abort", () => done(null), { once: true });
  });
}

/** Asks every 50 ms; null when the time is over. */
async function poll<T>(limitMs: number, ask: () => T | null): Promise<T | null> {
  const deadline = performance.now() + limitMs;
  while (performance.now() < deadline) {
    const answer = ask();
    if (answer !== null) return answer;
    await new Promise((done) => setTimeout(done, 50));
  }
  return null;
}
