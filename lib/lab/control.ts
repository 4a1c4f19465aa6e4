/** Settings of a running lab's services, by URL; the state file carries the URLs, as an injector may be another process. */
import { IoError } from "../model/errors.ts";
import { httpCall } from "./http_client.ts";
import { NO_THROTTLE, type ThrottleSettings } from "./throttle.ts";

export interface ResolverControl {
  readonly url: string;
  /** Every later answer is held back this long. @throws IoError when the resolver does not take it. */
  setDelay(ms: number): Promise<void>;
}

export interface ProviderControl {
  readonly url: string;
  /** Holds for every later request; null lifts it. @throws IoError when the provider does not take it. */
  setThrottle(settings: ThrottleSettings | null): Promise<void>;
}

export function resolverControl(url: string): ResolverControl {
  return {
    url,
    setDelay: (ms) => put(`${url}/delay`, { delay_ms: ms }, `the resolver's delay to "${ms} ms"`),
  };
}

export function providerControl(url: string): ProviderControl {
  return {
    url,
    setThrottle: (settings) =>
      put(`${url}/throttle`, settings ?? NO_THROTTLE, `the provider's throttle to "${JSON.stringify(settings)}"`),
  };
}

async function put(url: string, body: unknown, what: string): Promise<void> {
  const { status, text } = await httpCall("PUT", url, { body: JSON.stringify(body) });
  if (status !== 200) throw new IoError(`Cannot set ${what}: ${text}`);
}
