/** The event stream over gRPC: sloctl.watch.v1.WatchService of watch.proto. */
import type { ServerWritableStream, ServiceDefinition } from "@grpc/grpc-js";
import { Buffer } from "node:buffer";
import { DecodeError } from "../otlp/mod.ts";
import { WireReader } from "../otlp/wire_reader.ts";
import { WireWriter } from "../otlp/wire_writer.ts";
import type { Caller } from "./door.ts";
import { tracedCall } from "./traced.ts";
import type { Overflow, WatchedEvent, Watchers, WatchSink } from "./watch.ts";
import { watchFilter } from "./watch_http.ts";

const NAME = "sloctl.watch.v1.WatchService/Watch";
const same = (bytes: Buffer) => bytes;

export const WATCH_SERVICE: ServiceDefinition = {
  Watch: {
    path: `/${NAME}`,
    requestStream: false,
    responseStream: true,
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  },
};

type Call = ServerWritableStream<Buffer, Buffer>;

/** @param closing aborted when the server shuts down */
export function watchHandler(
  grpc: typeof import("@grpc/grpc-js"),
  watchers: Watchers,
  closing: AbortSignal,
  callerOf: (call: Call) => Caller | undefined,
) {
  return { Watch: (call: Call) => tracedCall(NAME, "watch", (told) => void serve(call, told)) };

  async function serve(call: Call, told: (code: number, caller: Caller | undefined) => void): Promise<void> {
    const caller = callerOf(call);
    const end = (code: number, details: string) => {
      told(code, caller);
      if (call.cancelled) return;
      // The library ends a server's stream with a status by way of an error.
      call.emit("error", Object.assign(new Error(details), { code, details }));
    };
    const asked = decodeRequest(call.request);
    if (typeof asked === "string") return end(3, asked);
    if (watchers.isFull) return end(8, `Cannot watch: ${watchers.limits.maxClients} do already`);
    const begin = (commitSeq: number | undefined) => {
      const metadata = new grpc.Metadata();
      if (commitSeq !== undefined) metadata.set(BEGAN, String(commitSeq));
      call.sendMetadata(metadata);
    };
    if (asked.after !== undefined) begin(undefined);
    const sink = grpcSink(call, closing, asked.after === undefined ? begin : () => {});
    const overflow = await watchers.watch({ ...asked, caller }, sink);
    if (overflow !== null) {
      call.write(encodeOverflow(overflow));
      return end(11, `Cannot go on: ${overflow.reason}; come again behind ${overflow.commitSeq}`);
    }
    if (closing.aborted) return end(14, "Cannot go on: the collector is stopping");
    end(call.cancelled ? 1 : 16, "Cannot go on: the token is no longer good");
  }
}

/** Metadata of a call from now on: the sequence it begins behind, so that one that breaks before its first event misses nothing. */
const BEGAN = "sloctl-commit-seq";

/** @param begin is told where a stream from now on begins */
function grpcSink(call: Call, closing: AbortSignal, begin: (commitSeq: number) => void): WatchSink {
  let hasBegun = false;
  const left = new AbortController();
  call.once("cancelled", () => left.abort());
  call.once("close", () => left.abort());
  const gone = AbortSignal.any([left.signal, closing]);
  return {
    event: (event) => call.write(encodeEvent(event)),
    idle(commitSeq) {
      // Once; later on HTTP/2 has pings of its own.
      if (!hasBegun) begin(commitSeq);
      hasBegun = true;
    },
    drained: (ms) => drained(call, gone, ms),
    gone,
  };
}

function drained(call: Call, gone: AbortSignal, ms: number): Promise<boolean> {
  if (!call.writableNeedDrain || gone.aborted) return Promise.resolve(true);
  return new Promise((resolve) => {
    const settle = (is: boolean) => {
      clearTimeout(timer);
      call.off("drain", yes);
      gone.removeEventListener("abort", yes);
      resolve(is);
    };
    const yes = () => settle(true);
    const timer = setTimeout(() => settle(false), ms);
    call.on("drain", yes);
    gone.addEventListener("abort", yes);
  });
}

/** Text: why it cannot be understood. */
export function decodeRequest(bytes: Uint8Array) {
  const kinds: string[] = [];
  let after: number | undefined;
  let [service, severity] = ["", ""];
  try {
    const r = new WireReader(bytes);
    while (r.next()) {
      if (r.field === 1) after = Number(r.uint64());
      else if (r.field === 2) kinds.push(r.string());
      else if (r.field === 3) service = r.string();
      else if (r.field === 4) severity = r.string();
      else r.skip();
    }
  } catch (error) {
    if (error instanceof DecodeError) return error.message;
    throw error;
  }
  const filter = watchFilter({ kinds, service, severity });
  return typeof filter === "string" ? filter : { filter, after };
}

function encodeEvent({ commitSeq, kind, traceId, spanId, document }: WatchedEvent): Buffer {
  const w = new WireWriter();
  w.message(1, () => {
    w.varint(1, commitSeq);
    w.string(2, kind);
    if (traceId !== "") w.string(3, traceId);
    if (spanId !== "") w.string(4, spanId);
    w.string(5, document);
  });
  return Buffer.from(w.finish().buffer);
}

function encodeOverflow({ commitSeq, reason, firstSeq, lost }: Overflow): Buffer {
  const w = new WireWriter();
  w.message(2, () => {
    if (commitSeq > 0) w.varint(1, commitSeq);
    w.string(2, reason);
    w.varint(3, firstSeq);
    if (lost > 0) w.varint(4, lost);
  });
  return Buffer.from(w.finish().buffer);
}
