/** The sending end of the ingest benchmark: otlp_load.c, compiled and run. */
import { exec } from "../../lib/host/exec.ts";
import { IoError } from "../../lib/model/errors.ts";
import type { RequestFiles } from "./otlp_request.ts";

const SOURCE = new URL("./otlp_load.c", import.meta.url).pathname;

export interface Load {
  readonly files: RequestFiles;
  readonly port: number;
  readonly connections: number;
  readonly seconds: number;
  /** File for the span ids of what was acknowledged. */
  readonly acked?: string;
}

export interface LoadResult {
  readonly seconds: number;
  /** Requests answered 200, 503 or 429, and otherwise. */
  readonly answered: number;
  readonly refused: number;
  readonly odd: number;
  /** From the request to its answer, microseconds. */
  readonly p50_us: number;
  readonly p99_us: number;
  /** Of the sender itself. */
  readonly cpu_s: number;
}

/** Path of the program. @throws UnsupportedError without a C compiler */
export async function compileLoad(folder: string): Promise<string> {
  const program = `${folder}/otlp_load`;
  await exec("cc", "-O2", "-Wall", "-Wextra", "-Werror", SOURCE, "-o", program);
  return program;
}

/** @throws IoError when nobody listens there */
export async function runLoad(program: string, load: Load): Promise<LoadResult> {
  const { files, port, connections, seconds, acked = "-" } = load;
  const args = [port, files.request, files.places, connections, seconds, acked].map(String);
  const { success, stdout, stderr } = await new Deno.Command(program, { args }).output();
  if (!success) throw new IoError(`Cannot send load: ${new TextDecoder().decode(stderr).trim()}`);
  return JSON.parse(new TextDecoder().decode(stdout));
}
