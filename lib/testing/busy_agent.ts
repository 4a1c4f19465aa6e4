/** The program with a busy loop in it: for 60 of every 250 ms it computes nothing, slowly. */
import { processHost } from "../../cli/host.ts";
import { processIo } from "../../cli/io.ts";
import { main } from "../../cli/main.ts";

setInterval(() => {
  const until = performance.now() + 60;
  while (performance.now() < until);
}, 250);

const io = processIo((code) => Deno.exit(code));
Deno.exit(await main(Deno.args, io, undefined, processHost(io)));
