/** The file that says who may do what: a line a token, most of them known by their digest only. Pure. */
import { createHash } from "node:crypto";
import { UsageError } from "../model/errors.ts";
import { parseTimeNs } from "../model/time.ts";

export const VERBS = ["ingest", "read", "admin"] as const;
export type Verb = typeof VERBS[number];

/** What one token may do. */
export interface Claims {
  /** Name of the key, told by spans and audit lines. Without one of its own: the first digits of the digest. */
  readonly kid: string;
  /** Name of the token. */
  readonly jti: string;
  /** "": every namespace. */
  readonly ns: string;
  readonly verbs: readonly Verb[];
  /** Of one request body, raw or inflated; Infinity: no limit but the collector's own. */
  readonly maxBytes: number;
  /** Requests a second; Infinity: no limit. */
  readonly qps: number;
  /** "": wherever the collector is. */
  readonly region: string;
  /** Unix ms, from the first on and before the second; -Infinity and Infinity: always. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly revoked: boolean;
}

export interface TokenLine extends Claims {
  /** SHA-256 of the token. */
  readonly digest: Uint8Array;
  /** The token itself stands in the file. */
  readonly bare: boolean;
  /** From 1 on. */
  readonly line: number;
}

export const MAX_TOKENS = 10_000;
const MAX_TOKEN_LENGTH = 4096;
const MOST_MS = Date.UTC(10_000, 0);
const OPEN: Omit<Claims, "kid" | "jti"> = {
  ns: "",
  verbs: ["ingest", "read"],
  maxBytes: Infinity,
  qps: Infinity,
  region: "",
  notBeforeMs: -Infinity,
  notAfterMs: Infinity,
  revoked: false,
};

export function digestOf(token: string): Uint8Array {
  return createHash("sha256").update(token).digest();
}

/**
 * A bare token, or a JSON object of claims with `sha256`, a line; empty lines and those that begin with # are passed over. What stands
 * in a line is a secret or near one: messages name its number only.
 *
 * @param name of the file, for messages
 * @throws UsageError for a line that is neither, a claim that is not known, or one token twice
 */
export function parseTokens(text: string, name: string): TokenLine[] {
  const found: TokenLine[] = [];
  const seen = new Map<string, number>();
  for (const [i, raw] of text.split("\n").entries()) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) continue;
    const bad = (state: string) => new UsageError(`Cannot use "${name}": line ${i + 1} ${state}`, HINT);
    const token = line.startsWith("{") ? hashed(line, i + 1, bad) : bare(line, i + 1, bad);
    const key = token.digest.toHex();
    if (seen.has(key)) throw bad(`holds the token of line ${seen.get(key)} again`);
    seen.set(key, i + 1);
    found.push(token);
    if (found.length > MAX_TOKENS) throw bad(`is one too many: there may be ${MAX_TOKENS}`);
  }
  return found;
}

const HINT = "Make lines with sloctl token make; docs/security.md has the claims";

type Bad = (state: string) => UsageError;

function bare(line: string, at: number, bad: Bad): TokenLine {
  if (!/^[\x21-\x7e]+$/.test(line) || line.length > MAX_TOKEN_LENGTH) {
    throw bad("is neither a token (printable ASCII without spaces) nor a JSON object");
  }
  const digest = digestOf(line);
  const short = digest.toHex().slice(0, 8);
  return { ...OPEN, kid: short, jti: short, digest, bare: true, line: at };
}

const CLAIMS = new Set(
  ("kid jti ns verbs max_bytes qps region not_before not_after nbf exp iat revoked sha256").split(" "),
);

function hashed(line: string, at: number, bad: Bad): TokenLine {
  let object: Record<string, unknown>;
  try {
    object = JSON.parse(line);
  } catch {
    throw bad("begins like a JSON object and is none");
  }
  // A limit that is not understood must not be taken for none.
  for (const name of Object.keys(object)) {
    if (!CLAIMS.has(name)) throw bad(`has a claim that is not known: ${word(name)}`);
  }
  const { sha256 } = object;
  if (typeof sha256 !== "string" || !/^[0-9a-f]{64}$/i.test(sha256)) throw bad("has no sha256 of 64 hex digits");
  const short = sha256.slice(0, 8).toLowerCase();
  const text = (name: string, otherwise: string) => {
    const value = object[name] ?? otherwise;
    if (typeof value !== "string" || !/^[\x20-\x7e]{0,200}$/.test(value)) {
      throw bad(`has a ${name} that is no short text`);
    }
    return value;
  };
  const positive = (name: string) => {
    const value = object[name] ?? Infinity;
    if (typeof value !== "number" || !(value > 0)) throw bad(`has a ${name} that is no positive number`);
    return value;
  };
  const time = (names: readonly [string, string], otherwise: number) => {
    const [name, ...more] = names.filter((name) => object[name] !== undefined);
    if (name === undefined) return otherwise;
    if (more.length > 0) throw bad(`has both ${names.join(" and ")}`);
    const value = object[name];
    const ms = typeof value === "number" ? value * 1000 : typeof value === "string" ? timeMs(value) : NaN;
    // Milliseconds taken for seconds would be good for ever.
    if (!(ms >= 0 && ms < MOST_MS)) throw bad(`has a ${name} that is neither RFC 3339 nor seconds since 1970`);
    return ms;
  };
  const { verbs = OPEN.verbs, revoked = false } = object;
  if (!Array.isArray(verbs) || !verbs.every((verb) => VERBS.includes(verb))) {
    throw bad(`has verbs that are no list of ${VERBS.join(", ")}`);
  }
  if (typeof revoked !== "boolean") throw bad("has a revoked that is neither true nor false");
  const ns = text("ns", "");
  return {
    kid: text("kid", short) || short,
    jti: text("jti", short) || short,
    ns: ns === "*" ? "" : ns,
    verbs,
    maxBytes: positive("max_bytes"),
    qps: positive("qps"),
    region: text("region", ""),
    notBeforeMs: time(["not_before", "nbf"], -Infinity),
    notAfterMs: time(["not_after", "exp"], Infinity),
    revoked,
    digest: Uint8Array.fromHex(sha256),
    bare: false,
    line: at,
  };
}

/** Names as in the file, without what a secret could be guessed from. @param nowMs Unix ms */
export function claimsJson(claims: Claims, nowMs: number): Record<string, unknown> {
  const { kid, jti, ns, verbs, maxBytes, qps, region, notBeforeMs, notAfterMs } = claims;
  const finite = (n: number) => Number.isFinite(n) ? n : null;
  const time = (ms: number) => Number.isFinite(ms) ? new Date(ms).toISOString() : null;
  return {
    ...{ kid, jti, ns: ns || null, verbs, max_bytes: finite(maxBytes), qps: finite(qps), region: region || null },
    ...{ not_before: time(notBeforeMs), not_after: time(notAfterMs), state: stateOf(claims, nowMs) },
  };
}

export function stateOf({ revoked, notBeforeMs, notAfterMs }: Claims, nowMs: number) {
  if (revoked) return "revoked";
  if (nowMs >= notAfterMs) return "expired";
  return nowMs < notBeforeMs ? "not yet" : "good";
}

function timeMs(text: string): number {
  const ns = parseTimeNs(text);
  return ns === null ? NaN : Number(ns / 1_000_000n);
}

function word(text: string): string {
  return text.slice(0, 40).replaceAll(/[^\x21-\x7e]/g, "?");
}
