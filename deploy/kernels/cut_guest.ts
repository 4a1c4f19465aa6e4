/** Runs inside a guest whose power will be cut: waits for one line that says how, and is the collector. */
import { processHost } from "../../cli/host.ts";
import { processIo } from "../../cli/io.ts";
import { main } from "../../cli/main.ts";
import { exec } from "../../lib/host/exec.ts";
import { CUT_READY, cutArgv, type CutOrder } from "./cut_order.ts";

const io = processIo(() => {
  throw new Error("ended twice");
});

/** A collector that begins and ends, so that in the kept machine everything is loaded: it takes an emulated one many seconds. */
async function rehearse(): Promise<void> {
  const enough = new AbortController();
  const quiet = Object.create(io, {
    stop: { value: enough.signal },
    err: {
      value: (text: string) => {
        if (text.includes("OTLP at")) enough.abort();
      },
    },
  });
  // Without the host: that would give up the rights that are still needed here.
  await main(cutArgv("/tmp/rehearsal"), quiet);
}

async function order(): Promise<CutOrder> {
  let text = "";
  for await (const part of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    text += part;
    if (text.includes("\n")) break;
  }
  return JSON.parse(text);
}

await rehearse();
// The machine is kept as it is now, and woken as often as its power is cut: it has seen nothing of the disk yet.
const ready = new TextEncoder().encode(`${CUT_READY}\n`);
const saying = setInterval(() => Deno.stderr.writeSync(ready), 100);
const { synchronous, store } = await order();
clearInterval(saying);
await exec("insmod", "/disk/virtio_blk.ko");
await exec("mount", "-t", "ext4", "/dev/vda", "/data");
Deno.env.set("SLOCTL_WAL_SYNCHRONOUS", synchronous);
Deno.exitCode = await main(cutArgv(store), io, undefined, processHost(io));
