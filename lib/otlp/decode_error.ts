/** The body as a whole cannot be read. Bad single records are not this: they are counted, see Tally. */
export class DecodeError extends Error {
  /** What stands there. A piece of the body may be quoted in it, so it is short and holds no control characters. */
  readonly what: string;

  /**
   * @param where `byte 17` of a protobuf body, or the JSON path of the offending member.
   * @param what What stands there.
   */
  constructor(readonly where: string, what: string) {
    const plain = what.slice(0, 300).replaceAll(/\p{Cc}|\p{Cf}|\u2028|\u2029|\p{Cs}/gu, "?");
    super(`Cannot decode "OTLP request": ${where}: ${plain}`);
    this.name = "DecodeError";
    this.what = plain;
  }
}
