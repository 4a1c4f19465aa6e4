/** Starts the demo workload as real processes, and takes every trace of it away again. */
import { cgroupRoots } from "../host/cgroup_dirs.ts";
import { selfCommand } from "../host/self.ts";
import { IoError } from "../model/errors.ts";
import { type ProviderControl, providerControl, type ResolverControl, resolverControl } from "./control.ts";
import { httpCall } from "./http_client.ts";
import { removeEverything } from "./leftovers.ts";
import { TLS_DIR } from "./names.ts";
import { type LabNetwork, makeNetwork } from "./network.ts";
import { DNS_PORT } from "./dns_packet.ts";
import { PROVIDER_NAME, RETRIEVAL_NAME, type Role, type RoleConfigs, ROLES } from "./roles.ts";
import { type LabService, type RunningService, serviceGone, startService } from "./service.ts";
import { takeLock, writeState } from "./state.ts";
import { makeTls, type TlsMaterial } from "./tls_material.ts";

export { type ProviderControl, providerControl, type ResolverControl, resolverControl };

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
  /** The gateway's tool `echo` answers without the model. */
  readonly bypassLlm?: boolean;
  /** As an application without OpenTelemetry: nothing is exported, and the gateway sends no traceparent. */
  readonly uninstrumented?: boolean;
  /** The provider is reached over TLS, with a certificate from a CA made for this lab. */
  readonly tls?: boolean;
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
  readonly provider: ProviderControl;
  /** PEM file of the CA that the provider's certificate comes from; null over plain HTTP. */
  readonly caPath: string | null;
  /** Resolves, with the error to throw, when a service ends before the lab does. */
  readonly broken: Promise<IoError>;
}

const RETRIEVAL_PORT = 8001;
export const RESOLVER_CONTROL_PORT = 8053;
export const PROVIDER_CONTROL_PORT = 8054;
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
  const otlpTracesUrl = options.uninstrumented === true
    ? undefined
    : await options.otlpEndpointOnHost?.(network.hostIp);
  const tls = options.tls === true ? await makeTls(TLS_DIR, PROVIDER_NAME, network.ips.provider) : null;
  const configs = roleConfigs(options, network, otlpTracesUrl, tls);

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
    providerUrl: `${tls === null ? "http" : "https"}://${network.ips.provider}:${configs.provider.port}`,
    hostIp: network.hostIp,
    services,
    resolver: resolverControl(`http://${network.ips.resolver}:${RESOLVER_CONTROL_PORT}`),
    provider: providerControl(`http://${network.ips.provider}:${PROVIDER_CONTROL_PORT}`),
    caPath: tls?.caFile ?? null,
    broken,
    async [Symbol.asyncDispose]() {
      ending = true;
      await owned.disposeAsync();
    },
  };
  publish(lab);
  return lab;
}

function roleConfigs(
  options: LabOptions,
  network: LabNetwork,
  otlpTracesUrl: string | undefined,
  tls: TlsMaterial | null,
): RoleConfigs {
  const { ips } = network;
  const traced = otlpTracesUrl === undefined ? {} : { otlpTracesUrl };
  const seed = options.seed ?? 42;
  const providerPort = options.providerPort ?? 8000;
  return {
    gateway: {
      ip: ips.gateway,
      port: options.port ?? 8080,
      providerPort,
      retrievalPort: RETRIEVAL_PORT,
      bypassLlm: options.bypassLlm ?? false,
      uninstrumented: options.uninstrumented ?? false,
      ...(tls === null ? {} : { caFile: tls.caFile }),
      ...traced,
    },
    provider: {
      ip: ips.provider,
      port: providerPort,
      controlPort: PROVIDER_CONTROL_PORT,
      seed,
      ...(tls === null ? {} : { tls: { certFile: tls.certFile, keyFile: tls.keyFile } }),
      ...traced,
    },
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
  const config = configs[role];
  return "controlPort" in config ? config.controlPort : config.port;
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

function publish(lab: Lab): void {
  writeState({
    gateway_url: lab.gatewayUrl,
    provider_url: lab.providerUrl,
    resolver_control_url: lab.resolver.url,
    provider_control_url: lab.provider.url,
    ca_path: lab.caPath,
    host_ip: lab.hostIp,
    services: ROLES.map((role) => {
      const { pid, ip, port, netns, cpuCgroup, cgroup } = lab.services[role];
      return { role, pid, ip, port, netns, cpu_cgroup: cpuCgroup, cgroup };
    }),
  });
}
