/** `x-lab-fault`: what the caller wants to go wrong with this one request. Pure. */
import { invalidRequest, OpenAiError } from "./openai_error.ts";

export const FAULTS = ["429", "500", "abort", "stall", "slow"] as const;
export type Fault = typeof FAULTS[number];

/** @throws OpenAiError 400 for an unknown fault; 429 and 500 for the faults of that name. */
export function parseFault(header: string | undefined): Exclude<Fault, "429" | "500"> | null {
  switch (header) {
    case undefined:
    case "":
      return null;
    case "abort":
    case "stall":
    case "slow":
      return header;
    case "429":
      throw new OpenAiError(
        429,
        "rate_limit_error",
        "rate_limit_exceeded",
        "Too many requests (asked for by x-lab-fault).",
        {
          "retry-after": "1",
        },
      );
    case "500":
      throw new OpenAiError(500, "server_error", "internal_error", "The model failed (asked for by x-lab-fault).");
    default:
      throw invalidRequest("unknown_fault", `'x-lab-fault' must be one of ${FAULTS.join(", ")}.`);
  }
}
