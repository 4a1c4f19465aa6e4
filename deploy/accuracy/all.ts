/** Every measurement, in the order of the signal catalogue. */
import { syscalls } from "./calls.ts";
import { connect } from "./connect.ts";
import { connectErrors } from "./connect_errors.ts";
import { counts } from "./counts.ts";
import { quotaByGroup, quotaByThread, runQueue, steal } from "./cpu.ts";
import { curlTimes } from "./curl.ts";
import { disk } from "./disk.ts";
import { dns } from "./dns.ts";
import { dnsErrors } from "./dns_errors.ts";
import { memory } from "./memory.ts";
import type { Measurement } from "./measure.ts";
import { requests } from "./requests.ts";
import { retransmit } from "./retransmit.ts";
import { streams } from "./stream.ts";
import { tickets } from "./tickets.ts";

export const MEASUREMENTS: readonly Measurement[] = [
  dns,
  counts,
  dnsErrors,
  connect,
  connectErrors,
  retransmit,
  requests,
  curlTimes,
  tickets,
  streams,
  runQueue,
  quotaByThread,
  quotaByGroup,
  steal,
  memory,
  disk,
  syscalls,
];
