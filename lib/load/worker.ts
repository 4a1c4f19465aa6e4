/** The loop on a thread of its own: what stamps does nothing else, and may sleep in the kernel. */
import { cpuNs, monotonicNs } from "../host/clock.ts";
import { socketLibc } from "../host/libc.ts";
import type { RequestRecord } from "../model/request_record.ts";
import { Control } from "./control.ts";
import { Driver } from "./driver.ts";
import type { LoadJob, LoadMessage } from "./load_job.ts";
import { requestMaker } from "./request_bytes.ts";
import { threadSchedule } from "./run_delay.ts";
import { EpollTransport } from "./transport_epoll.ts";
import { NetTransport } from "./transport_net.ts";

/** Records sent over at a time, once the run is over: while it lasts nothing disturbs the loop. */
const BATCH = 5_000;

const scope = self as unknown as {
  onmessage: ((event: MessageEvent<LoadJob>) => void) | null;
  postMessage(message: LoadMessage): void;
};

scope.onmessage = ({ data }) => {
  run(data).catch((error: Error) => scope.postMessage({ kind: "failed", message: error.stack ?? String(error) }));
};

async function run(job: LoadJob): Promise<void> {
  using transport = job.endpoint.scheme === "http" && job.transport !== "net" && socketLibc() !== null
    ? new EpollTransport(job.endpoint)
    : new NetTransport(job.endpoint);
  const records: RequestRecord[] = [];
  const driver = new Driver({
    ...job,
    transport,
    now: monotonicNs,
    request: requestMaker(job.shape),
    control: new Control(job.control),
    onRecord: (record) => records.push(record),
  });
  const before = threadSchedule();
  const cpuBefore = cpuNs("thread");
  const driven = await driver.run();
  const after = threadSchedule();
  for (let i = 0; i < records.length; i += BATCH) {
    scope.postMessage({ kind: "records", records: records.slice(i, i + BATCH) });
  }
  scope.postMessage({
    kind: "over",
    driven,
    transport: transport.name,
    cpuNs: cpuNs("thread") - cpuBefore,
    schedule: before === null || after === null ? null : {
      ranNs: after.ranNs - before.ranNs,
      waitedNs: after.waitedNs - before.waitedNs,
      slices: after.slices - before.slices,
    },
  });
}
