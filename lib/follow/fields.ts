/** What of an event can be shown and asked for. */
import { UsageError } from "../model/errors.ts";
import { nearest } from "../model/nearest.ts";
import type { ProbeEvent, ProbeEventV1Alpha2 } from "../model/probe_event.ts";
import { endpoint, ms } from "../report/format.ts";
import { kindOf } from "./kinds.ts";

/** undefined: the event does not have it. */
export type FieldValue = string | number | bigint | undefined;

export interface Field {
  readonly name: string;
  readonly help: string;
  /** Columns it is given in a row; the last column takes what is left. */
  readonly width: number;
  readonly right?: boolean;
  readonly read: (event: ProbeEvent) => FieldValue;
  /** As a person reads it; default: the value itself. */
  readonly show?: (event: ProbeEvent) => string;
}

type Event = ProbeEventV1Alpha2;

const attributesOf = (event: ProbeEvent) => ((event as Event).attributes ?? {}) as Record<string, string | number>;

function clock(event: ProbeEvent): string {
  const at = new Date(Number(event.ts_unix_nano / 1_000_000n));
  const two = (n: number) => String(n).padStart(2, "0");
  const time = [at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join(":");
  return `${time}.${String(at.getMilliseconds()).padStart(3, "0")}`;
}

function amount({ value, unit }: ProbeEvent): string {
  if (unit === "ms") return ms(value);
  return unit === "pct" ? `${value.toFixed(1)} %` : String(value);
}

/** What the event is about, in a few words: the other end, the name asked for, the call. */
function details(event: ProbeEvent): string {
  const said = attributesOf(event);
  const { conn_tuple: conn } = event;
  const peer = conn === undefined ? "" : endpoint(conn.dst_ip, conn.dst_port);
  const cause = said.cause === undefined ? "" : ` ${said.cause}`;
  switch (kindOf(event.signal)) {
    case "dns":
      return `${said.query_name} ${said.query_type ?? ""} @${conn?.dst_ip ?? "?"}${cause}`;
    case "first":
    case "gap":
    case "unread":
      return said.role === "server" && conn !== undefined ? `on :${conn.src_port} from ${conn.dst_ip}` : peer;
    case "resent":
      return `${peer} ${said.of ?? ""}`.trimEnd();
    case "disk":
      return `${said.operation} ${said.device}, ${said.bytes} bytes${cause}`;
    case "syscall":
      return `${said.call}() = ${said.result}`;
    case "memory":
      return `at the limit of the ${said.at}, ${said.pages} pages`;
    default:
      return `${peer}${cause}`.trimStart();
  }
}

const own = (name: keyof ProbeEvent, help: string, width: number): Field => ({
  name,
  help,
  width,
  read: (event) => event[name] as FieldValue,
});
const end = (name: string, help: string, key: "src_ip" | "src_port" | "dst_ip" | "dst_port", width: number): Field => ({
  name,
  help,
  width,
  read: (event) => event.conn_tuple?.[key],
});
const said = (name: string, help: string, key: string, width: number): Field => ({
  name,
  help,
  width,
  read: (event) => attributesOf(event)[key],
});

export const FIELDS: readonly Field[] = [
  { name: "time", help: "when it ended, this machine's wall clock", width: 12, read: clock },
  { name: "kind", help: "dns, connect, ...", width: 8, read: ({ signal }) => kindOf(signal) },
  {
    name: "process",
    help: "comm[pid]",
    width: 16,
    read: (event) => event.pid === 0 ? undefined : `${(event as Event).process?.comm ?? ""}[${event.pid}]`,
  },
  { name: "value", help: "ms, a count, or percent", width: 8, right: true, read: ({ value }) => value, show: amount },
  { name: "details", help: "the other end, the name, the call", width: 28, read: details },
  { name: "comm", help: "name of the process", width: 16, read: (event) => (event as Event).process?.comm },
  own("pid", "process id", 7),
  own("tid", "thread id", 7),
  { name: "exe", help: "path of the program", width: 24, read: (event) => (event as Event).process?.exe },
  { name: "cgroup", help: "path of the control group", width: 24, read: (event) => (event as Event).cgroup },
  { name: "netns", help: "inode of the network namespace", width: 10, read: (event) => (event as Event).netns },
  own("node", "name of the node", 12),
  own("namespace", "Kubernetes namespace", 12),
  own("pod", "Kubernetes pod", 20),
  own("container", "container", 14),
  said("service", "service of the pod, or systemd's", "service", 14),
  own("signal", "name of the signal", 24),
  own("status", "ok, warning or error", 7),
  own("errno", "error number", 5),
  end("src", "the owner's address", "src_ip", 15),
  end("sport", "the owner's port", "src_port", 5),
  end("dst", "the other end's address", "dst_ip", 15),
  end("dport", "the other end's port", "dst_port", 5),
  { name: "proto", help: "tcp or udp", width: 5, read: ({ conn_tuple }) => conn_tuple?.protocol },
  said("query", "name asked of DNS", "query_name", 28),
  said("qtype", "type of the DNS query", "query_type", 5),
  said("rcode", "answer code of DNS", "rcode", 5),
  said("cause", "why it failed", "cause", 14),
  said("role", "client or server", "role", 6),
  said("call", "system call", "call", 12),
  said("device", "block device", "device", 8),
  own("trace_id", "trace id, where it was on the wire", 32),
];

export const DEFAULT_FIELDS: readonly string[] = ["time", "kind", "process", "value", "details"];

/** Keys of a document that a dotted name may begin with. */
const NESTED = ["attributes", "process", "conn_tuple"];

/** A field by its name, or a key inside the document as `attributes.query_id`. undefined: there is none. */
export function fieldOf(name: string): Field | undefined {
  const known = FIELDS.find((field) => field.name === name);
  if (known !== undefined) return known;
  const [outer = "", inner, ...rest] = name.split(".");
  if (inner === undefined || inner === "" || rest.length > 0 || !NESTED.includes(outer)) return undefined;
  const read = (event: ProbeEvent) => {
    const object = (event as unknown as Record<string, Record<string, FieldValue> | undefined>)[outer];
    return object !== undefined && Object.hasOwn(object, inner) ? object[inner] : undefined;
  };
  return { name, help: "", width: Math.max(8, inner.length), read };
}

export function noField(name: string): string {
  const meant = nearest(name, FIELDS.map((field) => field.name));
  return `there is no field "${name}"` + (meant === undefined ? "" : `; did you mean "${meant}"?`);
}

export const FIELD_NAMES = `${FIELDS.map(({ name }) => name).join(", ")}, or attributes.NAME`;

/** @throws UsageError */
export function fieldsOf(names: readonly string[]): Field[] {
  return names.map((name) => {
    const field = fieldOf(name);
    if (field !== undefined) return field;
    throw new UsageError(`Cannot show "${name}": ${noField(name)}`, `Use some of: ${FIELD_NAMES}`);
  });
}
