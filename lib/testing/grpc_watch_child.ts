/** One watch over gRPC until its connection ends: `grpc_watch_child.ts HOST:PORT AFTER`. A line for each sequence. */
import grpc from "@grpc/grpc-js";
import { Buffer } from "node:buffer";
import { WireReader } from "../otlp/wire_reader.ts";
import { WireWriter } from "../otlp/wire_writer.ts";

const PATH = "/sloctl.watch.v1.WatchService/Watch";
const same = (bytes: Buffer) => bytes;
const [address = "", after = "0"] = Deno.args;

const client = new grpc.Client(address, grpc.credentials.createInsecure());
const request = new WireWriter();
request.varint(1, Number(after));
const call = client.makeServerStreamRequest(PATH, same, same, Buffer.from(request.finish()), new grpc.Metadata());
call.on("data", (bytes: Buffer) => {
  const r = new WireReader(new Uint8Array(bytes));
  while (r.next()) {
    const outer = r.enter();
    while (r.next()) {
      if (r.field === 1 && r.wire === 0) Deno.stdout.writeSync(new TextEncoder().encode(`${r.uint64()}\n`));
      else r.skip();
    }
    r.leave(outer);
  }
});
call.on("error", () => client.close());
