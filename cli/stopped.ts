/** Why a run was cut short from outside. The reason of Io.stop; a command may throw it (`stop.throwIfAborted()`). */
export class Stopped extends Error {
  constructor(readonly by: "SIGINT" | "SIGTERM" | "closed output") {
    super(`stopped by ${by}`);
    this.name = "Stopped";
  }

  /** What a shell expects: 128 + the signal's number; nothing wrong when the reader of our output (`| head`) had enough. */
  get exitCode(): number {
    return { SIGINT: 130, SIGTERM: 143, "closed output": 0 }[this.by];
  }
}
