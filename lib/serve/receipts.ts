/** `Idempotency-Key`, a header over HTTP and metadata over gRPC: a request that comes again under its key is answered as it was, and taken once. */
import { createHash } from "node:crypto";
import type { Receipt } from "../model/receipt.ts";
import type { Encoding, Signal } from "../otlp/mod.ts";
import type { Reply } from "./otlp_receiver.ts";

export interface Keyed {
  readonly signal: Signal;
  readonly encoding: Encoding;
  /** Inflated. */
  readonly body: Uint8Array;
  readonly key: string;
}

/** Why a key cannot be used; null where it can. */
export function keyProblem(key: string): string | null {
  return /^[\x20-\x7e]{1,255}$/.test(key)
    ? null
    : 'Cannot use "idempotency-key": it is 1 to 255 printable ASCII characters';
}

/** What a receipt says before the answer is known. */
export type Draft = Pick<Receipt, "key" | "digest">;

export class Receipts {
  /** Requests that are being taken, by key. */
  readonly #underWay = new Map<string, { readonly digest: string; readonly reply: Promise<Reply> }>();

  /** @param find what was answered before under a key */
  constructor(readonly find: (key: string) => Promise<Receipt | null>) {}

  /**
   * Takes a request by `take` unless it was taken before, or is being taken just now. One that was refused may be tried again.
   *
   * @param refuse the answer when `find` fails
   */
  async once(
    request: Keyed,
    take: (draft: Draft) => Promise<Reply>,
    refuse: (error: unknown) => Reply,
  ): Promise<Reply> {
    const { key } = request;
    const digest = digestOf(request);
    const other = this.#underWay.get(key);
    if (other !== undefined) return other.digest === digest ? await other.reply : conflict(key);
    const reply = this.#answer({ key, digest }, take).catch(refuse);
    this.#underWay.set(key, { digest, reply });
    try {
      return await reply;
    } finally {
      this.#underWay.delete(key);
    }
  }

  async #answer(draft: Draft, take: (draft: Draft) => Promise<Reply>): Promise<Reply> {
    const before = await this.find(draft.key);
    if (before === null) return await take(draft);
    if (before.digest !== draft.digest) return conflict(draft.key);
    return { taken: true, body: new Uint8Array(before.answer) };
  }
}

function digestOf({ signal, encoding, body }: Keyed): string {
  return createHash("sha256").update(`${signal}/${encoding}\n`).update(body).digest("hex");
}

function conflict(key: string): Reply {
  const own = key.slice(key.indexOf("/") + 1).slice(0, 80);
  const message = `Cannot take it under idempotency key "${own}": another request has it`;
  return { taken: false, status: 409, why: { code: 6, message } };
}
