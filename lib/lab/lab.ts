/** Starts the demo workload as real processes, and takes every trace of it away again. */
import { cgroupRoots } from "../host/cgroup_dirs.ts";
import { selfCommand } from "../host/self.ts";
import { IoError } from "../model/errors.ts";
import { httpCall } from "./http_client.ts";
import { removeEverything } from "./leftovers.ts";
import { type LabNetwork, makeNetwork } from "./network.ts";
import { DNS_PORT } from "./dns_packet.ts";
import { PROVIDER_NAME, RETRIEVAL_NAME, type Role, type RoleConfigs, ROLES } from "./roles.ts";
import { type LabService, type RunningService, serviceGone, startService } from "./service.ts";
import { takeLock, writeState } from "./state.ts";

export interface LabOptions {
  /** Gateway's port on its own address; 8080. */
  readonly port?: number;
  /** Provider's port on its own address; 8000. */
  readonly providerPort?: number;
  /** A second port of the resolver, besides 53 which the gateway uses. */
  readonly resolverPort?: number;
  /** Of all content; 42. */
  readonly seed?: number;
  /**
   * Called once the host's address in the lab is known and before any service starts: the place to open an OTLP receiver. Yields the
   * full URL for traces (http://<hostIp>:<port>/v1/traces), or undefined for no export.
   */
  readonly otlpEndpointOnHost?: (hostIp: string) => string | undefined | Promise<string | undefined>;
  /** argv prefix that runs this program; for tests. */
  readonly program?: readonly string[];
}

export interface Lab extends AsyncDisposable {
  /** Without the /v1 of the OpenAI paths. */
  readonly gatewayUrl: string;
  readonly providerUrl: string;
  readonly hostIp: string;
  readonly services: Readonly<Record<Role, LabService>>;
  readonly resolver: ResolverControl;
  /** Resolves, with the error to throw, when a service ends before the lab does. */
  readonly broken: Promise<IoError>;
}

export interface ResolverControl {
  readonly url: string;
  /** Every later answer is held back this long. @throws IoError when the resolver does not take it. */
  setDelay(ms: number): Promise<void>;
}

const RETRIEVAL_PORT = 8001;
export const RESOLVER_CONTROL_PORT = 8053;
/** A cold Deno on a busy machine takes a few seconds to start four of itself. */
const START_MS = 30_000;

type Log = (line: string) => void;

/**
 * Resolves when every service answers /health. What is left of an earlier lab is removed first; after a failure so is what this one
 * made.
 *
 * @param log gets one line per noteworthy thing
 * @throws UnsupportedError without root or without a tool; IoError when another lab is running or a service does not start.
 */
export async function startLab(options: LabOptions, log: Log): Promise<Lab> {
  await using stack = new AsyncDisposableStack();
  stack.use(await takeLock());
  await removeEverything((line) => log(`left over: ${line}`));
  stack.defer(() => removeEverything(() => {}));
  const roots = cgroupRoots();
  const network = await makeNetwork();
  const otlpTracesUrl = await options.otlpEndpointOnHost?.(network.hostIp);
  const configs = roleConfigs(options, network, otlpTracesUrl);

  const program = options.program ?? selfCommand();
  const services = {} as Record<Role, RunningService>;
  for (const role of ROLES) {
    services[role] = stack.use(startService(role, configs[role], program, roots, log));
  }
  await Promise.all(ROLES.map((role) => healthy(services[role], healthPort(configs, role))));

  let ending = false;
  const broken = Promise.race(ROLES.map(async (role) => {
    const reason = await services[role].ended;
    return ending ? new Promise<never>(() => {}) : serviceGone(role, reason);
  }));
  const owned = stack.move();
  const lab: Lab = {
    gatewayUrl: `http://${network.ips.gateway}:${configs.gateway.port}`,
    providerUrl: `http://${network.ips.provider}:${configs.provider.port}`,
    hostIp: network.hostIp,
    services,
    resolver: resolverControl(`http://${network.ips.resolver}:${RESOLVER_CONTROL_PORT}`),
    broken,
    async [Symbol.asyncDispose]() {
      ending = true;
      await owned.disposeAsync();
    },
  };
  publish(lab);
  return lab;
}

function roleConfigs(options: LabOptions, network: LabNetwork, otlpTracesUrl: string | undefined): RoleConfigs {
  const { ips } = network;
  const traced = otlpTracesUrl === undefined ? {} : { otlpTracesUrl };
  const seed = options.seed ?? 42;
  const providerPort = options.providerPort ?? 8000;
  return {
    gateway: { ip: ips.gateway, port: options.port ?? 8080, providerPort, retrievalPort: RETRIEVAL_PORT, ...traced },
    provider: { ip: ips.provider, port: providerPort, seed, ...traced },
    retrieval: { ip: ips.retrieval, port: RETRIEVAL_PORT, seed, ...traced },
    resolver: {
      ip: ips.resolver,
      port: DNS_PORT,
      ...(options.resolverPort === undefined ? {} : { extraPort: options.resolverPort }),
      controlPort: RESOLVER_CONTROL_PORT,
      names: { [PROVIDER_NAME]: ips.provider, [RETRIEVAL_NAME]: ips.retrieval },
    },
  };
}

function healthPort(configs: RoleConfigs, role: Role): number {
  return role === "resolver" ? configs.resolver.controlPort : configs[role].port;
}

/** @throws IoError when the service ends instead, or is silent for 30 s. */
async function healthy(service: RunningService, port: number): Promise<void> {
  const url = `http://${service.ip}:${port}/health`;
  const gone = service.ended.then((reason) => {
    throw serviceGone(service.role, reason);
  });
  gone.catch(() => {}); // it will end one day, long after anyone waits here
  const deadline = performance.now() + START_MS;
  while (performance.now() < deadline) {
    const answer = await Promise.race([httpCall("GET", url, { timeoutMs: 500 }).catch(() => null), gone]);
    if (answer?.status === 200) return;
    await Promise.race([new Promise((done) => setTimeout(done, 50)), gone]);
  }
  throw new IoError(`Cannot start "${service.role}" of the lab: no answer from ${url} within ${START_MS / 1000} s`);
}

/** Control of a lab's resolver by its URL, which the state file carries too: an injector may be another process. */
export function resolverControl(url: string): ResolverControl {
  return {
    url,
    async setDelay(ms) {
      const { status, text } = await httpCall("PUT", `${url}/delay`, { body: JSON.stringify({ delay_ms: ms }) });
      if (status !== 200) throw new IoError(`Cannot set the resolver's delay to "${ms} ms": ${text}`);
    },
  };
}

function publish(lab: Lab): void {
  writeState({
    gateway_url: lab.gatewayUrl,
    provider_url: lab.providerUrl,
    resolver_control_url: lab.resolver.url,
    host_ip: lab.hostIp,
    services: ROLES.map((role) => {
      const { pid, ip, port, netns, cpuCgroup, cgroup } = lab.services[role];
      return { role, pid, ip, port, netns, cpu_cgroup: cpuCgroup, cgroup };
    }),
  });
}
