/** The body as a whole cannot be read. Bad single records are not this: they are counted, see Tally. */
export class DecodeError extends Error {
  /**
   * @param where `byte 17` of a protobuf body, or the JSON path of the offending member.
   * @param what What stands there.
   */
  constructor(readonly where: string, readonly what: string) {
    super(`Cannot decode "OTLP request": ${where}: ${what}`);
    this.name = "DecodeError";
  }
}
