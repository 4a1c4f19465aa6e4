/** Nothing is wrong with what came, but it cannot be taken now. Whoever took nothing says so with this, and the sender comes again. */
export class Overload extends Error {
  /** @param what is full, for the sender's operator */
  constructor(readonly what: string, readonly retryAfterS = 1) {
    super(`Cannot take it now: ${what}`);
    this.name = "Overload";
  }
}
