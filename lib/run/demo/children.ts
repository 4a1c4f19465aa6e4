/** The demo's other processes: the load, so that its CPU time is not the agent's, and the blind injector, so that nobody else knows. */
import { parentGone } from "../../host/child.ts";
import { monotonicNs } from "../../host/clock.ts";
import { providerControl, resolverControl } from "../../lab/lab.ts";
import { readState } from "../../lab/state.ts";
import { openLoop } from "./client.ts";
import { IoError } from "../../model/errors.ts";
import type { Io } from "../../model/io.ts";
import { sha256 } from "./blind.ts";
import { type Handles, injectorFor } from "./faults.ts";
import { draw, LOAD } from "./plan.ts";
import type { Label } from "./run_data.ts";
import { sleep } from "../../host/sleep.ts";

/** Sends requests until its input closes; one sample a line. */
export async function runLoad(
  url: string,
  seed: string,
  headers: Readonly<Record<string, string>>,
  traced: boolean,
  io: Io,
): Promise<number> {
  const stop = AbortSignal.any([parentGone(io.stdin), io.stop]);
  const onSample = (sample: unknown) => io.out(`${JSON.stringify(sample)}\n`);
  await openLoop({ url, ...LOAD, seed, headers, traced, now: monotonicNs, onSample, stop });
  return 0;
}

/** Draws, commits to it, waits for "go", injects, takes back, leaves a log. Ends early, the fault taken back, when its input closes. */
export async function blindInject(labelPath: string, roomS: number, io: Io): Promise<number> {
  const nonce = crypto.randomUUID();
  const drawn = draw(nonce, roomS);
  const text = JSON.stringify({ ...drawn, nonce });
  await Deno.writeTextFile(labelPath, text, { mode: 0o600 });
  io.out(`sha256 ${await sha256(text)}\n`);

  const told = Promise.withResolvers<void>();
  const gone = parentGone(io.stdin, () => told.resolve());
  gone.addEventListener("abort", () => told.resolve());
  await told.promise;
  const stop = AbortSignal.any([gone, io.stop]);

  const label: { -readonly [K in keyof Label]: Label[K] } = {
    fault: drawn.fault,
    intensity: drawn.intensity,
    unit: "",
    description: "nothing",
    startNs: null,
    endNs: null,
  };
  await sleep(drawn.onset_s * 1000, stop);
  const injector = stop.aborted ? null : injectorFor(drawn.fault, runningLab());
  if (injector !== null) {
    label.unit = injector.unit;
    label.startNs = monotonicNs();
    {
      await using injected = await injector.inject(drawn.intensity);
      label.description = injected.description;
      await sleep(drawn.duration_s * 1000, stop);
    }
    label.endNs = monotonicNs();
  }
  await Deno.writeTextFile(`${labelPath}.log`, JSON.stringify(label), { mode: 0o600 });
  return 0;
}

function runningLab(): Handles {
  const state = readState();
  if (state === null) throw new IoError("Cannot inject: no lab is running");
  const [gateway, provider] = ["gateway", "provider"].map((role) => state.services.find((s) => s.role === role)!);
  return {
    resolver: resolverControl(state.resolver_control_url),
    provider: providerControl(state.provider_control_url),
    gatewayCpuCgroup: gateway!.cpu_cgroup,
    client: gateway!,
    server: provider!,
  };
}
