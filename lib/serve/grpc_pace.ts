/** Calls under way, told to the connections they came on; one whose message does not come is ended. */
import type { ServerInterceptor } from "@grpc/grpc-js";
import type { Connections } from "./connections.ts";

/** DEADLINE_EXCEEDED. */
const TOO_SLOW = 4;

/** @param messageMs from the head of a call to the end of its message */
export function pacedCalls(
  grpc: typeof import("@grpc/grpc-js"),
  connections: Connections,
  messageMs: number,
): ServerInterceptor {
  return (_method, call) => {
    const peer = call.getPeer();
    connections.begins(peer);
    let isOver = false;
    const over = () => {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      connections.ends(peer);
    };
    const timer = setTimeout(() => {
      const details = `Cannot read the message: it was not complete after ${messageMs / 1000} s`;
      over();
      call.sendStatus({ code: TOO_SLOW, details, metadata: null });
    }, messageMs);
    const listener = new grpc.ServerListenerBuilder()
      .withOnReceiveHalfClose((next) => {
        clearTimeout(timer);
        next();
      })
      .withOnCancel(over)
      .build();
    const responder = new grpc.ResponderBuilder()
      .withStart((next) => next(listener))
      .withSendStatus((status, next) => {
        over();
        next(status);
      })
      .build();
    return new grpc.ServerInterceptingCall(call, responder);
  };
}
