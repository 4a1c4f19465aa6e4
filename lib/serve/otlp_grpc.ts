/**
 * OTLP over gRPC. The library does HTTP/2, framing, compression and their limits; messages pass through it as bytes, so that one decoder
 * serves both transports.
 */
import type { sendUnaryData, Server, ServerUnaryCall, ServiceDefinition } from "@grpc/grpc-js";
import { Buffer } from "node:buffer";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { encodeStatus, type RpcStatus, type Signal } from "../otlp/mod.ts";
import { ByteBudget } from "./byte_budget.ts";
import { Connections } from "./connections.ts";
import type { Caller, Door } from "./door.ts";
import { GrpcDoor } from "./grpc_door.ts";
import { pacedCalls } from "./grpc_pace.ts";
import { tooLarge } from "./inflate.ts";
import { listenError } from "./listen_error.ts";
import type { OtlpReceiver } from "./otlp_receiver.ts";
import { keyProblem } from "./receipts.ts";
import type { TlsFiles } from "./tls.ts";
import { tracedCall } from "./traced.ts";
import type { Watchers } from "./watch.ts";
import { WATCH_SERVICE, watchHandler } from "./watch_grpc.ts";

export interface GrpcOptions {
  readonly hostname: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly receiver: OtlpReceiver;
  readonly tls?: TlsFiles;
  /** Without it: whoever reaches the port. */
  readonly door?: Door;
  /** Without it: no event stream. */
  readonly watchers?: Watchers;
  /** Largest message, raw or inflated, in bytes. Default 16 MiB: four times what other collectors take. */
  readonly maxMessageBytes?: number;
  /** Open connections at most: beyond, the one that waits longest with no call under way gives way. Default 4 096. */
  readonly maxConnections?: number;
  /** Bytes of all messages under way together. Default 256 MiB. */
  readonly maxHeldBytes?: number;
  /** A call whose message is not complete after so long is ended. Default 60 s. */
  readonly messageMs?: number;
}

export interface GrpcServer extends AsyncDisposable {
  readonly hostname: string;
  readonly port: number;
  readonly connections: number;
  /** Bytes of messages under way. */
  readonly heldBytes: number;
  /** Lets calls in flight finish for half a second, then cuts what is left. May be called twice. */
  shutdown(): Promise<void>;
}

const SERVICES: Readonly<Record<Signal, string>> = {
  traces: "opentelemetry.proto.collector.trace.v1.TraceService",
  logs: "opentelemetry.proto.collector.logs.v1.LogsService",
  metrics: "opentelemetry.proto.collector.metrics.v1.MetricsService",
};
const GRACE_MS = 500;
const BACKLOG = 4096;
const LIMITS = {
  /** Of one connection. */
  "grpc.max_concurrent_streams": 64,
  /** A connection without a call is closed after so long. */
  "grpc.max_connection_idle_ms": 120_000,
  "grpc.keepalive_time_ms": 60_000,
  "grpc.keepalive_timeout_ms": 10_000,
};

/** @throws IoError when the address is taken or not ours, UsageError when it is no address. */
export async function serveGrpc(options: GrpcOptions): Promise<GrpcServer> {
  const { hostname, port, receiver, tls, door, watchers, maxMessageBytes = 16 * 1024 * 1024, messageMs = 60_000 } =
    options;
  const connections = new Connections(options.maxConnections ?? 4096);
  const budget = new ByteBudget(options.maxHeldBytes ?? 256 * 1024 * 1024);
  // Loaded here: it is large, and a collector without gRPC does without it.
  const { default: grpc } = await import("@grpc/grpc-js");
  grpc.setLogVerbosity(grpc.logVerbosity.NONE); // what fails is told by its caller, once
  const guard = door === undefined ? null : new GrpcDoor(door, grpc);
  const server: Server = new grpc.Server({
    ...LIMITS,
    "grpc.max_receive_message_length": maxMessageBytes,
    // The first is told of what the others refuse.
    interceptors: [
      pacedCalls(grpc, { connections, messageMs, budget }),
      ...(guard === null ? [] : [guard.interceptor]),
    ],
  });
  for (const signal of receiver.signals) {
    server.addService(serviceOf(signal), {
      Export: (call: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>) =>
        tracedCall(`${SERVICES[signal]}/Export`, "ingest", async (told) => {
          const caller = guard?.callerOf(call.metadata);
          const { body, why } = await take(receiver, signal, call.request, caller, call.metadata);
          told(why?.code ?? 0, caller);
          if (why === undefined) answer(null, Buffer.from(body.buffer));
          else answer(failure(why, new grpc.Metadata()));
        }),
    });
  }
  const closing = new AbortController();
  if (watchers !== undefined) {
    const callerOf = (call: { readonly metadata: Metadata }) => guard?.callerOf(call.metadata);
    server.addService(WATCH_SERVICE, watchHandler(grpc, watchers, closing.signal, callerOf));
  }
  // Without an authority of ours the library would name all of the system's to the client, more than a handshake may hold.
  const credentials = tls === undefined ? grpc.ServerCredentials.createInsecure() : grpc.ServerCredentials.createSsl(
    Buffer.from(tls.ca ?? tls.cert),
    [{ cert_chain: Buffer.from(tls.cert), private_key: Buffer.from(tls.key) }],
    tls.ca !== undefined,
  );
  // The port is ours and not the library's, so that its connections can be counted.
  const injector = server.createConnectionInjector(credentials);
  const listener = createServer({ noDelay: true }, (socket) => {
    connections.add(socket);
    socket.on("error", () => {}); // the session is told as well
    injector.injectConnection(socket);
  });
  await new Promise<void>((resolve, reject) => {
    listener.once("error", (error) => reject(listenError(hostname, port, error)));
    try {
      listener.listen({ port, host: hostname, backlog: BACKLOG }, resolve);
    } catch (error) {
      reject(listenError(hostname, port, error));
    }
  });

  let done: Promise<void> | undefined;
  const shutdown = () =>
    done ??= new Promise<void>((resolve) => {
      closing.abort();
      listener.close();
      const timer = setTimeout(() => server.forceShutdown(), GRACE_MS);
      server.tryShutdown(() => {
        clearTimeout(timer);
        connections.cutAll();
        resolve();
      });
    });
  const { port: bound } = listener.address() as AddressInfo;
  return {
    hostname,
    port: bound,
    get connections() {
      return connections.open;
    },
    get heldBytes() {
      return budget.taken;
    },
    shutdown,
    [Symbol.asyncDispose]: shutdown,
  };
}

function serviceOf(signal: Signal): ServiceDefinition {
  const same = (bytes: Buffer) => bytes;
  return {
    Export: {
      path: `/${SERVICES[signal]}/Export`,
      requestStream: false,
      responseStream: false,
      requestSerialize: same,
      requestDeserialize: same,
      responseSerialize: same,
      responseDeserialize: same,
    },
  };
}

type Metadata = InstanceType<typeof import("@grpc/grpc-js").Metadata>;

type Taken =
  | { readonly body: Uint8Array<ArrayBuffer>; readonly why?: undefined }
  | { readonly body?: undefined; readonly why: RpcStatus };

async function take(
  receiver: OtlpReceiver,
  signal: Signal,
  message: Uint8Array,
  caller: Caller | undefined,
  metadata: Metadata,
): Promise<Taken> {
  if (message.length > (caller?.maxBytes ?? Infinity)) {
    return { why: { code: 8, message: tooLarge(caller!.maxBytes).message } };
  }
  // Several are one text with commas, as of a header that is given twice.
  const keys = metadata.get("idempotency-key");
  const key = keys.length === 0 ? undefined : keys.join(", ");
  const problem = key === undefined ? null : keyProblem(key);
  if (problem !== null) return { why: { code: 3, message: problem } };
  const reply = await receiver.receive(signal, "protobuf", message, caller?.ns, key);
  return reply.taken ? { body: reply.body } : { why: reply.why };
}

/** INVALID_ARGUMENT is final; UNAVAILABLE asks for another try. What is wrong travels along as google.rpc.Status. */
export function failure(why: RpcStatus, metadata: Metadata) {
  metadata.set("grpc-status-details-bin", Buffer.from(encodeStatus(why, "protobuf")));
  return { code: why.code ?? 2, details: why.message, metadata };
}
