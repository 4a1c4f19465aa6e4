/** The gateway's own names for what went wrong. Pure. */

export const ERROR_CODES = ["TIMEOUT", "BAD_GATEWAY", "VALIDATION_ERROR", "RATE_LIMITED", "INTERNAL_ERROR"] as const;
export type ErrorCode = typeof ERROR_CODES[number];

/** @param status HTTP status of a refusal, the gateway's or one that a callee gave it; 400 and above */
export function errorCode(status: number): ErrorCode {
  if (status === 502 || status === 503) return "BAD_GATEWAY";
  if (status === 504 || status === 408) return "TIMEOUT";
  if (status === 429) return "RATE_LIMITED";
  return status < 500 ? "VALIDATION_ERROR" : "INTERNAL_ERROR";
}

/** Status of the answer that carries the code: what a callee's 503 or 501 was to the gateway, a 502 or 500 is to the caller. */
export function httpStatus(code: ErrorCode, refusal: number): number {
  switch (code) {
    case "TIMEOUT":
      return 504;
    case "BAD_GATEWAY":
      return 502;
    case "INTERNAL_ERROR":
      return 500;
    case "VALIDATION_ERROR":
    case "RATE_LIMITED":
      return refusal;
  }
}
