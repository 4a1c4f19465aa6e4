/** Who may come in, and for what: a token against the claims that were given for it. */
import { timingSafeEqual } from "node:crypto";
import { type Claims, digestOf, type TokenLine, type Verb } from "./token_file.ts";

/** Somebody who was let in. */
export interface Caller extends Pick<Claims, "kid" | "jti" | "ns" | "maxBytes"> {
  /** False once the token would not be let in any more, or for another namespace: what lasts, such as a stream, ends then. */
  readonly isGood: () => boolean;
}

export interface Refusal {
  readonly status: 401 | 403 | 429 | 451;
  readonly message: string;
  /** Of 429: whole seconds. */
  readonly retryAfterS?: number;
  /** Whose token it was, where it is one of ours. */
  readonly caller?: Caller;
}

export type Admission = { readonly caller: Caller; readonly refusal?: undefined } | {
  readonly caller?: undefined;
  readonly refusal: Refusal;
};

export interface DoorOptions {
  readonly tokens: readonly TokenLine[];
  /** Namespace the collector serves; "": any. */
  readonly namespace: string;
  /** Where the collector is; "": it was not told, and then no token of a region is good here. */
  readonly region: string;
  /** Unix ms. */
  readonly nowMs: () => number;
  /** Monotonic ms. */
  readonly clockMs: () => number;
}

export class Door {
  readonly #options: DoorOptions;
  #tokens: readonly TokenLine[] = [];
  /** By their digests, as hex. */
  #byDigest: ReadonlyMap<string, TokenLine> = new Map();
  /** By digest, so that a file read anew does not fill a bucket. */
  #buckets = new Map<string, Bucket>();
  readonly #refused = new Map<number, number>();

  constructor(options: DoorOptions) {
    this.#options = options;
    this.replace(options.tokens);
  }

  /** From now on these; what was let in before goes on if its token is still among them. */
  replace(tokens: readonly TokenLine[]): void {
    const buckets = new Map<string, Bucket>();
    for (const { digest, qps } of tokens) {
      const key = digest.toHex();
      const old = this.#buckets.get(key);
      if (qps !== Infinity) buckets.set(key, old?.qps === qps ? old : new Bucket(qps, this.#options.clockMs()));
    }
    this.#buckets = buckets;
    this.#tokens = tokens;
    this.#byDigest = new Map(tokens.map((token) => [token.digest.toHex(), token]));
  }

  get tokens(): readonly TokenLine[] {
    return this.#tokens;
  }

  /** Refusals since the start, by status. */
  get refused(): ReadonlyMap<number, number> {
    return this.#refused;
  }

  /**
   * @param authorization the header of that name, as it came
   * @param reach "all": what is asked for tells of every namespace there is, and cannot be told apart
   */
  admit(authorization: string | undefined, verb: Verb, reach: "own" | "all" = "own"): Admission {
    const admission = this.#judge(authorization, verb, reach);
    const { refusal } = admission;
    if (refusal !== undefined) this.#refused.set(refusal.status, (this.#refused.get(refusal.status) ?? 0) + 1);
    return admission;
  }

  #judge(authorization: string | undefined, verb: Verb, reach: "own" | "all"): Admission {
    const [, presented] = /^bearer +([\x21-\x7e]+) *$/i.exec(authorization ?? "") ?? [];
    if (presented === undefined) return refusal(401, "a token is wanted: authorization: Bearer TOKEN");
    const token = this.#find(digestOf(presented));
    if (token === null) return refusal(401, "the token is not known");
    const caller = this.#caller(token, verb, reach);
    const standing = this.#standing(token, verb, reach);
    if (standing !== null) return refusal(standing.status, standing.why, { caller });
    const waitS = this.#buckets.get(token.digest.toHex())?.take(this.#options.clockMs()) ?? 0;
    if (waitS === 0) return { caller };
    const retryAfterS = Math.ceil(waitS);
    return refusal(429, `the token is good for ${token.qps} requests a second`, { caller, retryAfterS });
  }

  /** Why a token that is known is not good for that, here and now; null: it is. */
  #standing(
    token: TokenLine,
    verb: Verb,
    reach: "own" | "all",
  ): { readonly status: Refusal["status"]; readonly why: string } | null {
    const { namespace, region } = this.#options;
    const { ns } = token;
    if (token.revoked) return { status: 401, why: "the token is revoked" };
    const now = this.#options.nowMs();
    if (now < token.notBeforeMs) return { status: 401, why: "the token is not good yet" };
    if (now >= token.notAfterMs) return { status: 401, why: "the token has expired" };
    if (token.region !== "" && token.region !== region) {
      const here = region === "" ? "this collector was told no region" : `this collector is in "${region}"`;
      return { status: 451, why: `the token is for the region "${token.region}", and ${here}` };
    }
    const foreign = (whose: string) => `the token is for the namespace "${ns}", and this collector serves ${whose}`;
    if (ns !== "" && namespace !== "" && ns !== namespace) return { status: 403, why: foreign("another") };
    if (!token.verbs.includes(verb)) return { status: 403, why: `the token does not have the verb ${verb}` };
    if ((verb === "admin" || reach === "all") && ns !== namespace && ns !== "") {
      return { status: 403, why: foreign("all") };
    }
    return null;
  }

  /**
   * By its digest: how long that takes tells something of the digests at most, and nobody can make a token of a digest. What was found
   * is compared in constant time, and so is a stand-in where nothing was.
   */
  #find(digest: Uint8Array): TokenLine | null {
    const found = this.#byDigest.get(digest.toHex());
    return timingSafeEqual(found?.digest ?? NOBODY, digest) && found !== undefined ? found : null;
  }

  #caller({ kid, jti, ns, maxBytes, digest }: TokenLine, verb: Verb, reach: "own" | "all"): Caller {
    const isGood = () => {
      const token = this.#find(digest);
      return token !== null && token.ns === ns && this.#standing(token, verb, reach) === null;
    };
    return { kid, jti, ns, maxBytes, isGood };
  }
}

const NOBODY = new Uint8Array(32);

function refusal(status: Refusal["status"], why: string, more: Partial<Refusal> = {}): Admission {
  return { refusal: { status, message: `Cannot let you in: ${why}`, ...more } };
}

/** So many a second on average, and a second's worth at once. */
class Bucket {
  #level: number;

  constructor(readonly qps: number, private atMs: number) {
    this.#level = Math.max(1, qps);
  }

  /** 0: taken. Otherwise seconds until there will be one. */
  take(nowMs: number): number {
    this.#level = Math.min(Math.max(1, this.qps), this.#level + (nowMs - this.atMs) / 1000 * this.qps);
    this.atMs = nowMs;
    if (this.#level < 1) return (1 - this.#level) / this.qps;
    this.#level--;
    return 0;
  }
}
