/** `sloctl token`: lines of a collector's token file. The token itself is written once, where the caller says, and nowhere else. */
import { randomBytes } from "node:crypto";
import { EXIT, IoError, UsageError } from "../model/errors.ts";
import type { Io } from "../model/io.ts";
import { toJson } from "../model/json.ts";
import { plural } from "../report/format.ts";
import { table } from "../report/table.ts";
import { readTokens } from "../serve/token_watch.ts";
import { type Claims, claimsJson, digestOf, parseTokens, stateOf, type Verb, VERBS } from "../serve/token_file.ts";

export interface MakeOptions {
  readonly tokenFile: string | undefined;
  /** Where the token goes; `-` is standard output. */
  readonly out: string | undefined;
  readonly kid: string | undefined;
  readonly jti: string | undefined;
  readonly ns: string | undefined;
  readonly verbs: readonly string[];
  readonly maxBytes: number | undefined;
  readonly qps: number | undefined;
  readonly region: string | undefined;
  /** Good for so long from now; undefined: until it is revoked. */
  readonly forMs: number | undefined;
}

/** Adds a line to the token file, which is made if need be, and writes the token to `out`. @throws UsageError, IoError */
export function makeToken(options: MakeOptions, io: Pick<Io, "out" | "err">): number {
  const { out, forMs } = options;
  const tokenFile = named(options.tokenFile);
  if (out === undefined) {
    throw new UsageError(
      "Cannot make a token: it is not said where it goes",
      "Give --out FILE (readable by you alone), or --out - for standard output",
    );
  }
  const verbs = options.verbs.map((verb) => {
    if (!VERBS.includes(verb as Verb)) {
      throw new UsageError(`Cannot give the verb "${verb}": there is no such verb`, `Use ${VERBS.join(", ")}`);
    }
    return verb;
  });
  const token = randomBytes(32).toString("base64url");
  const digest = digestOf(token).toHex();
  const line = JSON.stringify({
    kid: options.kid,
    jti: options.jti ?? digest.slice(0, 12),
    ns: options.ns,
    verbs: verbs.length === 0 ? undefined : verbs,
    max_bytes: options.maxBytes,
    qps: options.qps,
    region: options.region,
    not_after: forMs === undefined ? undefined : new Date(Date.now() + forMs).toISOString(),
    sha256: digest,
  });
  const before = readOr(tokenFile, "");
  const text = `${before}${before === "" || before.endsWith("\n") ? "" : "\n"}${line}\n`;
  const made = parseTokens(text, tokenFile).at(-1)!; // refuses what a collector would refuse
  if (out !== "-") writeSecret(out, `${token}\n`);
  replace(tokenFile, text);
  if (out === "-") io.out(`${token}\n`);
  io.err(`sloctl: made token ${made.jti} of key ${made.kid}, good for ${made.verbs.join(" and ")}\n`);
  return EXIT.ok;
}

/** What each token may do. No digest, no token. @throws UsageError, IoError */
export function listTokens(
  options: { readonly tokenFile: string | undefined; readonly json: boolean },
  io: Pick<Io, "out" | "color" | "columns">,
): number {
  const { tokens } = readTokens(named(options.tokenFile));
  const now = Date.now();
  if (options.json) {
    io.out(`${toJson({ tokens: tokens.map((token) => claimsJson(token, now)) })}\n`);
    return EXIT.ok;
  }
  const columns = ["jti", "kid", "ns", "verbs", "limits", "region", "state"].map((title) => ({ title }));
  const rows = tokens.map((token) => [
    token.jti,
    token.kid,
    token.ns || "every",
    token.verbs.join(" "),
    limits(token),
    token.region || "any",
    stateOf(token, now),
  ]);
  io.out(table(columns, rows, { color: io.color, width: io.columns }));
  return EXIT.ok;
}

/** Marks every token of this name, or of this key, as revoked; it stays in the file. @throws UsageError, IoError */
export function revokeTokens(
  options: {
    readonly tokenFile: string | undefined;
    readonly jti: string | undefined;
    readonly kid: string | undefined;
  },
  io: Pick<Io, "err">,
): number {
  const { jti, kid } = options;
  const path = named(options.tokenFile);
  if (jti === undefined && kid === undefined) {
    throw new UsageError("Cannot revoke: no token is named", "Give --jti NAME, or --kid KEY for all of a key");
  }
  const { text, tokens } = readTokens(path);
  const meant = tokens.filter((token) =>
    (jti === undefined || token.jti === jti) && (kid === undefined || token.kid === kid)
  );
  if (meant.length === 0) {
    throw new IoError(`Cannot revoke "${jti ?? kid}": no such token is in "${path}"`, "Look at sloctl token list");
  }
  const lines = text.split("\n");
  for (const token of meant) {
    // A bare token is revoked by its digest: what it is need not stand there any more.
    const object = token.bare ? { sha256: token.digest.toHex() } : JSON.parse(lines[token.line - 1]!);
    lines[token.line - 1] = JSON.stringify({ ...object, revoked: true });
  }
  replace(path, lines.join("\n"));
  io.err(`sloctl: revoked ${plural(meant.length, "token")}: ${meant.map((token) => token.jti).join(", ")}\n`);
  return EXIT.ok;
}

function limits({ maxBytes, qps }: Claims): string {
  const told = [maxBytes === Infinity ? "" : `${maxBytes} bytes`, qps === Infinity ? "" : `${qps}/s`];
  return told.filter((text) => text !== "").join(", ") || "none";
}

function named(path: string | undefined): string {
  if (path !== undefined) return path;
  throw new UsageError("Cannot tell whose tokens: no file is named", "Give --token-file FILE, the collector's");
}

function readOr(path: string, otherwise: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return otherwise;
    throw new IoError(`Cannot read "${path}": ${(error as Error).message}`, "Give the path of a token file");
  }
}

/** A file of its own that nobody else can read; one that is there is not written over. */
function writeSecret(path: string, text: string): void {
  try {
    Deno.writeTextFileSync(path, text, { mode: 0o600, createNew: true });
  } catch (error) {
    const state = error instanceof Deno.errors.AlreadyExists ? "it is there already" : (error as Error).message;
    throw new IoError(`Cannot write "${path}": ${state}`, "Name another file: --out FILE");
  }
}

/** Whole or not at all: a collector is reading it. Keeps its mode. */
function replace(path: string, text: string): void {
  const partial = `${path}.part-${Deno.pid}`;
  try {
    const mode = (modeOf(path) ?? 0o600) & 0o777;
    Deno.writeTextFileSync(partial, text, { mode });
    Deno.chmodSync(partial, mode);
    Deno.renameSync(partial, path);
  } catch (error) {
    try {
      Deno.removeSync(partial);
    } catch { /* it never came to be */ }
    throw new IoError(
      `Cannot write "${path}": ${(error as Error).message}`,
      "Name a file in a folder you can write to",
    );
  }
}

function modeOf(path: string): number | null {
  try {
    return Deno.statSync(path).mode;
  } catch {
    return null;
  }
}
