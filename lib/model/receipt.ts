/** What a sender was answered, so that the same request gets the same answer when it comes again. */
export interface Receipt {
  /** Its idempotency key, with whose it is. */
  readonly key: string;
  /** Of what it asked: under the same key another digest is another request. */
  readonly digest: string;
  /** Media type of the answer. */
  readonly type: string;
  readonly answer: Uint8Array;
}
