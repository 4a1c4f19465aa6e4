/** A watcher over gRPC, as its own clients have to be: it comes again where it was when the connection breaks. */
import grpc from "@grpc/grpc-js";
import { Buffer } from "node:buffer";
import { WireReader } from "../otlp/wire_reader.ts";
import { WireWriter } from "../otlp/wire_writer.ts";

const PATH = "/sloctl.watch.v1.WatchService/Watch";
const same = (bytes: Buffer) => bytes;

/** Sequences as they come, from the first on. @param address HOST:PORT of a collector that may end and begin again */
export function watchOverGrpc(address: string): { readonly seen: readonly number[]; readonly end: () => void } {
  const seen: number[] = [];
  let over = false;
  let client: grpc.Client | null = null;
  const watch = () => {
    if (over) return;
    client?.close();
    client = new grpc.Client(address, grpc.credentials.createInsecure());
    const request = new WireWriter();
    request.varint(1, seen.at(-1) ?? 0);
    const call = client.makeServerStreamRequest(PATH, same, same, Buffer.from(request.finish()), new grpc.Metadata());
    call.on("data", (bytes: Buffer) => {
      const r = new WireReader(new Uint8Array(bytes));
      while (r.next()) {
        const outer = r.enter();
        while (r.next()) r.field === 1 && r.wire === 0 ? seen.push(Number(r.uint64())) : r.skip();
        r.leave(outer);
      }
    });
    call.on("error", () => setTimeout(watch, 50));
  };
  watch();
  return {
    seen,
    end: () => {
      over = true;
      client?.close();
    },
  };
}
