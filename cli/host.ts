/** The process a command line runs in. */
import type { Io } from "../lib/model/io.ts";
import { keepFailure } from "./failures.ts";
import type { Host } from "./main.ts";
import { restrict } from "./restrict.ts";

export function processHost(io: Io): Host {
  return { restrict, failed: (failure) => keepFailure(failure, io.env, new Date()) };
}
