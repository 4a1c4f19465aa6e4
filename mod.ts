/**
 * sloctl as a library: the nouns of the pipeline and the command line as a function. Importing it loads no library and
 * starts nothing. Run directly, it is the program, and the only place that ends the process.
 */
export * from "./lib/model/errors.ts";
export type { Io } from "./lib/model/io.ts";
export * from "./lib/model/kernel_event.ts";
export * from "./lib/model/signals.ts";
export * from "./lib/model/span.ts";
export * from "./lib/model/split.ts";

if (import.meta.main) {
  const { EXIT } = await import("./lib/model/errors.ts");
  const { bugReport, main } = await import("./cli/main.ts");
  const { processIo } = await import("./cli/io.ts");
  const io = processIo((code) => Deno.exit(code));
  const crash = (event: Event, error: unknown) => {
    event.preventDefault();
    io.err(bugReport(error));
    Deno.exit(EXIT.bug);
  };
  globalThis.addEventListener("error", (event) => crash(event, event.error));
  globalThis.addEventListener("unhandledrejection", (event) => crash(event, event.reason));
  Deno.exit(await main(Deno.args, io));
}
