/** Where a collector keeps what it was told: in memory, or in a folder that outlives it. */
import { UsageError } from "../../model/errors.ts";
import type { Io } from "../../model/io.ts";
import { count } from "../../report/format.ts";
import { printable } from "../../report/text.ts";
import { BusyError, type StoreActs } from "../../serve/admin_http.ts";
import { damageOf, damageText } from "../../store/log_damage.ts";
import { JournalStore } from "../../store/journal_store.ts";
import { LONGEST_LEASE_MS } from "../../store/lease.ts";
import { MemoryStore } from "../../store/memory_store.ts";
import { takeSnapshotApart } from "../../store/snapshot_apart.ts";
import type { Store } from "../../store/store.ts";
import type { PipelineOptions } from "./pipeline.ts";

export interface StoreOptions {
  /** A folder; undefined: memory. */
  readonly dir: string | undefined;
  /** Entries older than so many milliseconds go; undefined: none for their age. */
  readonly retainMs: number | undefined;
  /** The oldest entries go while all are more than so many megabytes. */
  readonly retainMb: number;
}

export const IN_MEMORY: StoreOptions = { dir: undefined, retainMs: undefined, retainMb: 0 };

export interface OpenStore extends AsyncDisposable {
  readonly store: Store;
  readonly kind: "memory" | "journal";
  /** Trace and span ids of the newest spans as one text each, oldest first. */
  readonly spanKeys: (limit: number) => readonly string[];
  /** How much may wait to be judged; a store in memory has the usual room. */
  readonly room: Readonly<Pick<PipelineOptions, "mostHeld" | "mostHeldBytes" | "lastTurnMs">>;
  /** What an administrator may have it do. */
  readonly acts: StoreActs;
  /** Resolves, with the reason, when nothing can be written any more. */
  readonly lost: Promise<Error> | null;
}

const LEASE_MS = 10_000;
/** A collector that ends leaves what it has not judged after so long to the next one. */
const LAST_TURN_MS = 5_000;
/** Acknowledged and not judged yet, at most. */
const MOST_BACKLOG_BYTES = 4e9;

/** @throws UsageError, IoError, IntegrityError, UnsupportedError */
export async function openStore(
  { dir, retainMs, retainMb }: StoreOptions,
  io: Pick<Io, "env" | "err">,
): Promise<OpenStore> {
  if (dir === undefined) {
    const store = new MemoryStore();
    return {
      store,
      kind: "memory",
      spanKeys: () => [],
      room: {},
      acts: {},
      lost: null,
      [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
    };
  }
  const synchronous = (io.env("SLOCTL_WAL_SYNCHRONOUS") || "FULL").toUpperCase();
  if (!["FULL", "OFF"].includes(synchronous)) {
    throw new UsageError(
      `Cannot use "SLOCTL_WAL_SYNCHRONOUS=${synchronous}"`,
      "Give FULL, or OFF to lose what was promised",
    );
  }
  if (synchronous === "OFF") io.err("sloctl: SLOCTL_WAL_SYNCHRONOUS=OFF: what is acknowledged may be lost\n");
  const leaseMs = Number(io.env("SLOCTL_WAL_LEASE_MS") || LEASE_MS);
  if (!(leaseMs >= 300 && leaseMs <= LONGEST_LEASE_MS)) {
    throw new UsageError(`Cannot use "SLOCTL_WAL_LEASE_MS=${leaseMs}"`, "Give milliseconds from 300 to 600000");
  }
  const damaged = io.env("SLOCTL_WAL_DAMAGED") || "refuse";
  if (!["refuse", "accept"].includes(damaged)) {
    throw new UsageError(`Cannot use "SLOCTL_WAL_DAMAGED=${damaged}"`, "Give refuse, or accept");
  }
  const damage = damaged === "accept" ? damageOf(dir) : null;
  if (damage !== null) io.err(printable(`sloctl: ${damage.path}: ${damageText(damage)}; they are left behind`) + "\n");
  const store = await JournalStore.open({
    dir,
    acceptsDamage: damaged === "accept",
    synchronous,
    leaseMs,
    owner: `the collector with process id ${Deno.pid}`,
    retainMs: retainMs ?? Infinity,
    retainBytes: retainMb * 1e6,
  });
  const { first, last } = store.state();
  const held = last === 0 ? "empty" : `sequences ${count(first)} to ${count(last)}, digest ${store.digest}`;
  io.err(printable(`sloctl: store ${dir}: ${held}`) + "\n");
  return {
    store,
    kind: "journal",
    spanKeys: (limit) => store.spanKeys(limit),
    // What waits may not be what retention takes next.
    room: {
      mostHeld: Infinity,
      mostHeldBytes: Math.min(MOST_BACKLOG_BYTES, retainMb * 1e6 / 2),
      lastTurnMs: LAST_TURN_MS,
    },
    acts: {
      snapshot: once(async () => ({ schema: "snapshot-answer/v1", ...await takeSnapshotApart(dir, Date.now()) })),
      trim: async (seq) => {
        await store.trim(seq);
        const { first, last } = store.state();
        return { schema: "trim-answer/v1", first_seq: first, last_seq: last, digest: store.digest };
      },
    },
    lost: store.lost,
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}

/** One at a time. */
function once(act: () => Promise<object>): () => Promise<object> {
  let isUnderWay = false;
  return async () => {
    if (isUnderWay) throw new BusyError("Cannot do that: one is under way already");
    isUnderWay = true;
    try {
      return await act();
    } finally {
      isUnderWay = false;
    }
  };
}
