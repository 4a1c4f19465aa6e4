/** The door of HTTP, before gRPC calls: a token is looked at before a byte of a message is read. */
import type { Metadata, ServerInterceptor } from "@grpc/grpc-js";
import { Buffer } from "node:buffer";
import { encodeStatus } from "../otlp/mod.ts";
import type { Caller, Door, Refusal } from "./door.ts";

/** google.rpc.Code of the HTTP statuses a door answers with. */
const CODE: Readonly<Record<Refusal["status"], number>> = { 401: 16, 403: 7, 429: 8, 451: 7 };

export class GrpcDoor {
  readonly #callers = new WeakMap<Metadata, Caller>();

  constructor(private readonly door: Door, private readonly grpc: typeof import("@grpc/grpc-js")) {}

  /** Who sent the metadata of a call that was let in. */
  callerOf(metadata: Metadata): Caller | undefined {
    return this.#callers.get(metadata);
  }

  readonly interceptor: ServerInterceptor = ({ path }, call) => {
    const { ServerInterceptingCall, ServerListenerBuilder, ResponderBuilder } = this.grpc;
    const listener = new ServerListenerBuilder().withOnReceiveMetadata((metadata, next) => {
      const { caller, refusal } = this.door.admit(
        metadata.get("authorization").join(", "), // of two there is none
        path.endsWith("/Export") ? "ingest" : "read",
      );
      if (refusal !== undefined) return call.sendStatus(this.#status(refusal));
      this.#callers.set(metadata, caller);
      next(metadata);
    }).build();
    return new ServerInterceptingCall(call, new ResponderBuilder().withStart((next) => next(listener)).build());
  };

  #status({ status, message, retryAfterS }: Refusal) {
    const code = CODE[status];
    const metadata = new this.grpc.Metadata();
    const why = { code, message, ...(retryAfterS === undefined ? {} : { retryAfterS }) };
    metadata.set("grpc-status-details-bin", Buffer.from(encodeStatus(why, "protobuf")));
    return { code, details: message, metadata };
  }
}
