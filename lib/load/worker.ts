/** The loop on a thread of its own: what stamps does nothing else, and may sleep in the kernel. */
import { cpuNs, monotonicNs } from "../host/clock.ts";
import { socketLibc } from "../host/libc.ts";
import { shortSlices } from "../host/short_slices.ts";
import { Control } from "./control.ts";
import { Driver } from "./driver.ts";
import type { LoadJob, LoadMessage } from "./load_job.ts";
import { RecordLog } from "./record_log.ts";
import { requestMaker } from "./request_bytes.ts";
import { threadSchedule } from "./run_delay.ts";
import { EpollTransport } from "./transport_epoll.ts";
import { NetTransport } from "./transport_net.ts";

const scope = self as unknown as {
  onmessage: ((event: MessageEvent<LoadJob>) => void) | null;
  postMessage(message: LoadMessage, moved?: Transferable[]): void;
};

scope.onmessage = ({ data }) => {
  run(data).catch((error: Error) => scope.postMessage({ kind: "failed", message: error.stack ?? String(error) }));
};

async function run(job: LoadJob): Promise<void> {
  using transport = job.endpoint.scheme === "http" && job.transport !== "net" && socketLibc() !== null
    ? new EpollTransport(job.endpoint)
    : new NetTransport(job.endpoint);
  const log = new RecordLog();
  let before = threadSchedule();
  let cpuBefore = cpuNs("thread");
  const driver = new Driver({
    ...job,
    transport,
    now: monotonicNs,
    requests: requestMaker(job.shape),
    bodiless: job.shape.method === "HEAD",
    control: new Control(job.control),
    onStart: () => {
      before = threadSchedule();
      cpuBefore = cpuNs("thread");
    },
    onRecord: (record) => log.append(record),
  });
  const sliceUs = shortSlices();
  const driven = await driver.run();
  const after = threadSchedule();
  const records = log.close();
  // While the load ran nothing was said: this is the first word to the other side.
  const message: LoadMessage = {
    kind: "over",
    records,
    driven,
    transport: transport.name,
    sliceUs,
    cpuNs: cpuNs("thread") - cpuBefore,
    schedule: before === null || after === null ? null : {
      ranNs: after.ranNs - before.ranNs,
      waitedNs: after.waitedNs - before.waitedNs,
      slices: after.slices - before.slices,
    },
  };
  scope.postMessage(message, records.pages.map((page) => page.buffer));
}
