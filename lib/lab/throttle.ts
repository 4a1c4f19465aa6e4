/**
 * How much a provider holds its callers back: a share of requests is refused with 429, the rest is served at a slower pace.
 * Control, over HTTP on the lab's address: GET /throttle, PUT /throttle {"share": 0..1, "pace_factor": N, "retry_after_s": N}.
 */
import { isObject } from "./chat_request.ts";
import { readJson, type Routes, sendJson } from "./http_service.ts";
import { invalidRequest, OpenAiError } from "./openai_error.ts";
import { seededRandom } from "./seeded.ts";

export interface ThrottleSettings {
  /** Of requests that are refused, 0 to 1. */
  readonly share: number;
  /** Pauses of prefill and between tokens are so many times the usual ones, 1 to 100. */
  readonly pace_factor: number;
  /** What a refusal says in Retry-After, whole seconds, 0 to 60. */
  readonly retry_after_s: number;
}

export const NO_THROTTLE: ThrottleSettings = { share: 0, pace_factor: 1, retry_after_s: 1 };

export class Throttle {
  #settings = NO_THROTTLE;
  readonly #random: () => number;

  /** @param seed of the draw which requests are refused */
  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  get paceFactor(): number {
    return this.#settings.pace_factor;
  }

  set(settings: ThrottleSettings): void {
    this.#settings = settings;
  }

  /** Lets one request in. @throws OpenAiError 429 with Retry-After when it is one of the share. */
  admit(): void {
    const { share, retry_after_s } = this.#settings;
    if (share === 0 || this.#random() >= share) return;
    const retryAfter = { "retry-after": `${retry_after_s}` };
    throw new OpenAiError(429, "rate_limit_error", "rate_limit_exceeded", "Too many requests.", retryAfter);
  }

  routes(): Routes {
    return {
      "GET /throttle": (_request, response) => {
        sendJson(response, 200, JSON.stringify(this.#settings));
        return Promise.resolve();
      },
      "PUT /throttle": async (request, response) => {
        this.set(parseThrottle(await readJson(request)));
        sendJson(response, 200, JSON.stringify(this.#settings));
      },
    };
  }
}

/** @throws OpenAiError 400 naming the key that is out of range. */
export function parseThrottle(body: unknown): ThrottleSettings {
  const number = (key: keyof ThrottleSettings, low: number, high: number): number => {
    const value = isObject(body) ? body[key] : undefined;
    if (typeof value === "number" && value >= low && value <= high) return value;
    throw invalidRequest("invalid_value", `'${key}' must be a number from ${low} to ${high}.`);
  };
  const retryAfter = number("retry_after_s", 0, 60);
  if (!Number.isInteger(retryAfter)) throw invalidRequest("invalid_value", "'retry_after_s' must be a whole number.");
  return { share: number("share", 0, 1), pace_factor: number("pace_factor", 1, 100), retry_after_s: retryAfter };
}
