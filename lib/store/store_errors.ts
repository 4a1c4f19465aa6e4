/** How the journal fails, and how a failure crosses from its thread to whoever asked. */
import { EXIT, IoError, SloctlError } from "../model/errors.ts";

/** What is on disk is not what was written. */
export class IntegrityError extends SloctlError {
  constructor(message: string, hint?: string) {
    super(message, EXIT.integrity, hint);
  }
}

/** Another collector has the store: nothing this one does can be committed any more. */
export class FencedError extends IoError {}

/** An error as it travels between threads. */
export interface Told {
  readonly name: string;
  readonly message: string;
  readonly hint?: string;
}

export function tell(error: unknown): Told {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  const hint = error instanceof SloctlError ? error.hint : undefined;
  return { name, message, ...(hint === undefined ? {} : { hint }) };
}

export function told({ name, message, hint }: Told): Error {
  if (name === "FencedError") return new FencedError(message, hint);
  if (name === "IntegrityError") return new IntegrityError(message, hint);
  return new IoError(message, hint);
}

/** @param error what node:sqlite threw */
export function sqliteError(verb: string, path: string, error: unknown): SloctlError {
  if (error instanceof SloctlError) return error;
  const text = error instanceof Error ? error.message : String(error);
  const what = `Cannot ${verb} "${path}": ${text}`;
  if (/malformed|not a database|corrupt/i.test(text)) {
    return new IntegrityError(what, "See sloctl store verify; sloctl store restore makes a store from a snapshot");
  }
  return new IoError(what);
}
