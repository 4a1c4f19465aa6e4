/** Hand-made kernel events of a service and of what it asks. Times in ms on the kernel's clock. */
import type { ConnectEvent, DnsEvent, ExchangeEvent, KernelEvent, Owner, Stamp, Tuple } from "../model/kernel_event.ts";

const MS = 1e6;

export const SERVICE: Owner = { pid: 7, tid: 7, comm: "gateway", cgroupId: 1n, netns: 1 };
export const PROVIDER = "10.0.0.4:8000";
export const RETRIEVAL = "10.0.0.3:8001";

const at = (ms: number): Stamp => ({ ns: ms * MS, clock: null });
let sockets = 0;

function tuple(peer: string, local = "10.0.0.2:40000"): Tuple {
  const [srcIp = "", srcPort] = local.split(":");
  const [dstIp = "", dstPort] = peer.split(":");
  return { srcIp, srcPort: Number(srcPort), dstIp, dstPort: Number(dstPort), protocol: "tcp" };
}

function exchange(role: "client" | "server", asked: number, answered: number, tuple: Tuple): ExchangeEvent {
  return {
    kind: "exchange",
    phase: "first",
    role,
    tsNs: answered * MS,
    owner: SERVICE,
    tuple,
    cookie: `${++sockets}`,
    turn: 0,
    preexisting: false,
    shared: false,
    requestStart: at(asked),
    requestEnd: at(asked),
    responseStart: at(answered),
    responseEnd: null,
    firstRead: null,
    bytesOut: 300,
    bytesIn: 0,
    chunks: 1,
    maxGapNs: 0,
    traceId: null,
    spanId: null,
  };
}

/** The end of a turn: `chunks` pieces of `bytes`, the last at `over`. */
function ended(first: ExchangeEvent, over: number, chunks: number, bytes: number): ExchangeEvent {
  const bytesIn = first.role === "client" ? chunks * bytes : first.bytesIn;
  return { ...first, phase: "end", tsNs: over * MS, responseEnd: at(over), chunks, bytesIn };
}

/** A request that arrived at `asked` and whose answer began at `answered` and ended at `over`. */
export function served(
  asked: number,
  answered: number,
  over: number = answered,
  change: Partial<ExchangeEvent> = {},
): ExchangeEvent[] {
  const first = { ...exchange("server", asked, answered, tuple("10.0.0.1:50000", "10.0.0.2:8080")), ...change };
  return [first, ended(first, over, 1, 100)];
}

export interface Asked {
  /** When the answer was complete; default: with its first byte. */
  readonly over?: number;
  /** Pieces of the answer, and bytes of each. */
  readonly chunks?: number;
  readonly bytes?: number;
  /** Connected anew, from then on. */
  readonly connect?: number;
  readonly change?: Partial<ExchangeEvent>;
}

/** A call of `peer`: sent at `sent`, answered from `answered` on. */
export function asked(
  peer: string,
  sent: number,
  answered: number,
  { over = answered, chunks = 1, bytes = 500, connect, change = {} }: Asked = {},
): KernelEvent[] {
  const first = { ...exchange("client", sent, answered, tuple(peer)), turn: connect === undefined ? 1 : 0, ...change };
  const opened: ConnectEvent[] = connect === undefined ? [] : [{
    kind: "connect",
    owner: first.owner,
    startNs: connect * MS,
    tsNs: sent * MS,
    tuple: first.tuple,
    cookie: first.cookie,
    errno: 0,
    startClock: null,
    endClock: null,
  }];
  return [...opened, first, ended(first, over, chunks, bytes)];
}

/** An answer of a model: twenty pieces of 100 bytes, 10 ms apart. */
export function streamed(peer: string, sent: number, answered: number, options: Asked = {}): KernelEvent[] {
  return asked(peer, sent, answered, { over: answered + 190, chunks: 20, bytes: 100, ...options });
}

/** A look-up of `name` from `from` to `to`. */
export function lookedUp(name: string, from: number, to: number, change: Partial<DnsEvent> = {}): DnsEvent {
  return {
    kind: "dns",
    owner: SERVICE,
    startNs: from * MS,
    tsNs: to * MS,
    tuple: { ...tuple("10.0.0.5:53"), protocol: "udp" },
    queryName: name,
    queryType: 1,
    queryId: ++sockets,
    cookie: "0",
    packets: 1,
    rcode: 0,
    answers: 1,
    truncated: false,
    abandoned: false,
    errno: 0,
    startClock: null,
    endClock: null,
    ...change,
  };
}
