/** The program: builds the real world around main, and is the only place that ends the process. */
import { EXIT } from "../lib/model/errors.ts";
import { processHost } from "./host.ts";
import { processIo } from "./io.ts";
import { bugReport, main } from "./main.ts";

const io = processIo((code) => Deno.exit(code));
const crash = (event: Event, error: unknown) => {
  event.preventDefault();
  io.err(bugReport(error));
  Deno.exit(EXIT.bug);
};
globalThis.addEventListener("error", (event) => crash(event, event.error));
globalThis.addEventListener("unhandledrejection", (event) => crash(event, event.reason));
Deno.exit(await main(Deno.args, io, undefined, processHost(io)));
