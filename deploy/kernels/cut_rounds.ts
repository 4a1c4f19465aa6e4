/** Rounds of a collector under load whose machine loses its power. */
import type { Span } from "../../lib/model/span.ts";
import { encodeTraces } from "../../lib/otlp/mod.ts";
import { distinctSpans, take } from "../../lib/testing/collector_process.ts";
import { CutMachine, type CutMachineOptions, StoodStill } from "./cut_machine.ts";
import type { CutOrder } from "./cut_order.ts";
import type { Kept, VolatileDisk } from "./volatile_disk.ts";

/** The store's folder on the disk. */
export const STORE = "/store";
const SENDERS = 4;
const SPANS_A_REQUEST = 5;
/** An emulated machine takes its time, and shares two cores with the tests. */
const ANSWER_MS = 45_000;

export interface Acknowledged {
  readonly span: string;
  /** Of the disk: when the answer was here. */
  readonly moment: number;
}

export interface Round {
  /** What the collector said of its store as it began. */
  readonly printed: string;
  readonly acked: readonly Acknowledged[];
  /** Requests that were not answered when the power went: to be sent again, as an exporter would. */
  readonly unknown: readonly (readonly Span[])[];
}

export interface CutRoundOptions {
  /** The power goes shortly after so many. */
  readonly answers: number;
  readonly synchronous: CutOrder["synchronous"];
  /** Sent first. */
  readonly again: Round["unknown"];
}

const made = distinctSpans();

/**
 * Wakes the machine, sends spans until so many requests were answered, and cuts its power. The disk is as it was then: cut it too.
 *
 * @throws StoodStill when it gets nowhere
 */
export async function cutRound(
  machine: CutMachineOptions,
  kept: string,
  disk: VolatileDisk,
  { answers, synchronous, again }: CutRoundOptions,
): Promise<Round> {
  await using guest = CutMachine.start(machine, kept);
  await guest.order({ synchronous, store: `/data${STORE}` });
  await guest.says("OTLP at");
  const printed = /sloctl: store \S+: (.*)/.exec(guest.console)![1]!.replaceAll(/(?<=\d)\s(?=\d)/g, "");
  const acked: Acknowledged[] = [];
  const unknown: (readonly Span[])[] = [];
  const waiting = [...again];
  let [done, dead] = [0, false];
  const stop = new AbortController();
  const sending = Array.from({ length: SENDERS }, async () => {
    while (!dead) {
      const spans = waiting.shift() ?? take(made, SPANS_A_REQUEST);
      if (await post(guest.url, encodeTraces(spans, "protobuf"), stop.signal)) {
        acked.push(...spans.map(({ spanId }) => ({ span: spanId, moment: disk.moment })));
        done++;
      } else unknown.push(spans);
    }
  });
  const deadline = Date.now() + ANSWER_MS;
  while (done < answers && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 3));
  await new Promise((resolve) => setTimeout(resolve, Math.random() * 100));
  const cut = guest.cut();
  dead = true;
  await cut;
  stop.abort();
  await Promise.all(sending);
  if (done === 0) throw new StoodStill("it answered nothing");
  return { printed, acked, unknown: [...unknown, ...waiting] };
}

async function post(url: string, body: Uint8Array<ArrayBuffer>, signal: AbortSignal): Promise<boolean> {
  try {
    const headers = { "content-type": "application/x-protobuf" };
    const answer = await fetch(`${url}/v1/traces`, { method: "POST", headers, body, signal });
    await answer.body?.cancel();
    return answer.status === 200;
  } catch {
    return false;
  }
}

/** Of a cache that is lost: nothing of it had reached the medium, all of it, or some sectors, whichever they are. */
export function keptBy(draw: number): Kept {
  if (draw < 0.2) return () => false;
  if (draw < 0.3) return () => true;
  return () => Math.random() < draw;
}
