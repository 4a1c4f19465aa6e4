/**
 * The three ways sloctl fails on purpose, and the exit code each carries. Anything else that reaches the top is our bug (70).
 *
 * A message reads `Cannot <verb> "<object>": <state now>`; the hint starts with a verb and says what to do next.
 */

/** Every exit code the program can end with. The table in docs/exit-codes.md is this object. */
export const EXIT = {
  ok: 0,
  gateSaidNo: 1,
  usage: 2,
  unsupported: 3,
  io: 4,
  integrity: 5,
  bug: 70,
} as const;

/** An error a person is meant to read: one line, one hint, one exit code, never a stack. */
export class SloctlError extends Error {
  constructor(message: string, readonly exitCode: number, readonly hint?: string) {
    super(message);
    this.name = new.target.name;
  }
}

/** The caller typed or configured something wrong. */
export class UsageError extends SloctlError {
  constructor(message: string, hint?: string) {
    super(message, EXIT.usage, hint);
  }
}

/** This machine, kernel or set of rights cannot do it; or there is too little to decide. */
export class UnsupportedError extends SloctlError {
  constructor(message: string, hint?: string) {
    super(message, EXIT.unsupported, hint);
  }
}

/** The kernel, the network or the disk refused, or there was nothing to read. */
export class IoError extends SloctlError {
  constructor(message: string, hint?: string) {
    super(message, EXIT.io, hint);
  }
}
