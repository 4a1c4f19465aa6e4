/** Calls under way: told to the connections they came on, ended when their message does not come, or when too much of messages is held. */
import type { ServerInterceptor } from "@grpc/grpc-js";
import type { ByteBudget } from "./byte_budget.ts";
import type { Connections } from "./connections.ts";

export interface Pace {
  readonly connections: Connections;
  /** From the head of a call to the end of its message. */
  readonly messageMs: number;
  /** Of all messages under way together, as they were sent, until their calls are answered. */
  readonly budget: ByteBudget;
}

/** What is used of an HTTP/2 stream. The library hands messages on whole, and shows nobody what it has gathered of one. */
interface Stream {
  on(event: "data", listener: (chunk: Uint8Array) => void): unknown;
  close(code: number): void;
}

const DEADLINE_EXCEEDED = 4;
const UNAVAILABLE = 14;
const NGHTTP2_CANCEL = 8;
/** After its status a call that was ended is still sent to for so long: cut at once, the status would be lost. */
const LINGER_MS = 500;

export function pacedCalls(
  grpc: typeof import("@grpc/grpc-js"),
  { connections, messageMs, budget }: Pace,
): ServerInterceptor {
  return (_method, call) => {
    const { stream } = call as unknown as { readonly stream: Stream };
    const peer = call.getPeer();
    let held = 0;
    let isOver = false;
    connections.begins(peer);
    const over = () => {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      connections.ends(peer);
      budget.giveBack(held);
    };
    const end = (code: number, details: string) => {
      if (isOver) return;
      over();
      call.sendStatus({ code, details, metadata: null });
      setTimeout(() => stream.close(NGHTTP2_CANCEL), LINGER_MS);
    };
    const timer = setTimeout(
      () => end(DEADLINE_EXCEEDED, `Cannot read the message: it was not complete after ${messageMs / 1000} s`),
      messageMs,
    );
    const count = ({ length }: Uint8Array) => {
      if (isOver) return;
      if (!budget.take(length)) {
        return end(UNAVAILABLE, "Cannot read the message: too much is being read at this moment");
      }
      held += length;
    };
    const listener = new grpc.ServerListenerBuilder()
      .withOnReceiveHalfClose((next) => {
        clearTimeout(timer);
        next();
      })
      .withOnCancel(over)
      .build();
    const responder = new grpc.ResponderBuilder()
      .withStart((next) => {
        next(listener);
        stream.on("data", count); // not before the library's own: a listener sets the stream going
      })
      .withSendStatus((status, next) => {
        over();
        next(status);
      })
      .build();
    return new grpc.ServerInterceptingCall(call, responder);
  };
}
