/** One service of the lab as its owner sees it: started inside its cgroups and namespace, watched, ended. */
import { type CgroupRoots, makeCgroup } from "../host/cgroup_dirs.ts";
import { IoError } from "../model/errors.ts";
import { CGROUP, netnsOf } from "./names.ts";
import type { Role, RoleConfigs } from "./roles.ts";

export interface LabService {
  readonly role: Role;
  /** Of the service itself: the launching chain replaces itself by it. */
  readonly pid: number;
  readonly ip: string;
  readonly port: number;
  readonly netns: string;
  /** Directory where its CPU quota can be set. */
  readonly cpuCgroup: string;
  readonly cpuCgroupVersion: 1 | 2;
  /** Its cgroup v2 directory, and that directory's id as BPF programs see it. */
  readonly cgroup: string;
  readonly cgroupId: bigint;
}

export interface RunningService extends LabService, AsyncDisposable {
  /** Resolves when the process has ended, with the last thing it said. */
  readonly ended: Promise<string>;
}

/** How long a service may take to end in order before it is killed. */
const GRACE_MS = 2000;

/** Enters the cgroups before anything runs, leaves the terminal's process group (Ctrl-C is for the owner), then becomes the service. */
const LAUNCH =
  'set -e; ns=$1; shift; for f in "$1" "$2"; do echo $$ > "$f"; done; shift 2; exec setsid ip netns exec "$ns" "$@"';

/**
 * @param program argv prefix that runs this program
 * @param log gets what the service says, line by line
 */
export function startService<R extends Role>(
  role: R,
  config: RoleConfigs[R],
  program: readonly string[],
  roots: CgroupRoots,
  log: (line: string) => void,
): RunningService {
  const dirs = makeCgroup(roots, `${CGROUP}/${role}`);
  const netns = netnsOf(role);
  const argv = [...program, "lab", "serve", role, JSON.stringify(config)];
  const child = new Deno.Command("sh", {
    args: ["-c", LAUNCH, "sh", netns, `${dirs.cpu}/cgroup.procs`, `${dirs.unified}/cgroup.procs`, ...argv],
    clearEnv: true,
    env: { ...serviceEnv(Deno.env.toObject()), ...trust("caFile" in config ? config.caFile : undefined) },
    stdin: "piped", // its end tells the service that we are gone
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const said = forward(child.stderr, role, log);
  const ended = child.status.then(async ({ code, signal }) =>
    await said || `it ended with ${signal ?? `code ${code}`}`
  );
  return {
    role,
    pid: child.pid,
    ip: config.ip,
    port: config.port,
    netns,
    cpuCgroup: dirs.cpu,
    cpuCgroupVersion: roots.cpuVersion,
    cgroup: dirs.unified,
    cgroupId: dirs.id,
    ended,
    async [Symbol.asyncDispose]() {
      const kill = setTimeout(() => child.kill("SIGKILL"), GRACE_MS);
      await child.stdin.close().catch(() => {});
      await ended;
      clearTimeout(kill);
    },
  };
}

/**
 * Without the variables that would change what a service does: a proxy between the services, settings of OpenTelemetry, certificates
 * to trust besides the lab's own.
 */
export function serviceEnv(env: Readonly<Record<string, string>>): Record<string, string> {
  const changing = /_proxy$|^OTEL_|^SSL_CERT_|^NODE_EXTRA_CA_CERTS$|^DENO_(CERT|TLS_CA_STORE)$/i;
  return Object.fromEntries(Object.entries(env).filter(([name]) => !changing.test(name)));
}

/** Makes Deno trust this CA and no other: its own store is left out, and the system's is this one file. */
function trust(caFile: string | undefined): Record<string, string> {
  return caFile === undefined
    ? {}
    : { DENO_TLS_CA_STORE: "system", SSL_CERT_FILE: caFile, SSL_CERT_DIR: `${caFile}.none` };
}

/** Logs each line and yields the last sentence that names a reason. */
async function forward(stream: ReadableStream<Uint8Array>, role: Role, log: (line: string) => void): Promise<string> {
  let rest = "";
  let reason = "";
  const take = (line: string) => {
    if (line.trim() === "") return;
    log(`${role}: ${line}`);
    if (line.includes("Cannot ") || reason === "") reason = line.replace(/^sloctl: /, "");
  };
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    lines.forEach(take);
  }
  take(rest);
  return reason;
}

/** The error when a service of a lab is gone that should be there. */
export function serviceGone(role: Role, reason: string): IoError {
  return new IoError(`Cannot run "${role}" of the lab: ${reason}`);
}
