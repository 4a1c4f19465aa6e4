import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { UsageError } from "../model/errors.ts";
import type { ProbeEvent } from "../model/probe_event.ts";
import { parseFilter } from "./filter.ts";

function event(more: object = {}): ProbeEvent {
  return {
    ts_unix_nano: 1_767_225_600_000_000_001n,
    signal: "dns_latency_ms",
    ...{ node: "n1", namespace: "shop", pod: "chat-7f", container: "app", pid: 812, tid: 813 },
    ...{ value: 152.5, unit: "ms", status: "warning" },
    conn_tuple: { src_ip: "10.1.2.3", dst_ip: "10.0.0.10", src_port: 40_000, dst_port: 53, protocol: "udp" },
    process: { comm: "python3" },
    attributes: { query_name: "vector-db", query_type: "A", rcode: 0 },
    ...more,
  } as ProbeEvent;
}

Deno.test("filters: fields, ig's and tcpdump's ways, brackets, and what binds closer", () => {
  const table: [string, boolean][] = [
    ["", true],
    ["comm==python3", true],
    ["comm == python3", true],
    ['comm="python3"', true],
    ["comm!=python3", false],
    ["comm~^py", true],
    ["comm!~^py", false],
    ["pid==812,value>100", true],
    ["pid==812 and value>200", false],
    ["pid==1 or pid==2 or pid==812", true],
    ["pid==812 or pid==1 and pid==2", true], // and binds closer
    ["(pid==812 or pid==1) and pid==2", false],
    ["not pid==1", true],
    ["! pid==812", false],
    ["!(pid==1 || value<1)", true],
    ["not not pid==812 && pid==812", true],
    ["value>=152.5", true],
    ["value>152500us", false],
    ["value>=0.1525s", true],
    ["value<1m", true],
    ["value>0.1s", true],
    ["port 53", true],
    ["src port 53", false],
    ["dst port 53", true],
    ["host 10.1.2.3", true],
    ["dst host 10.1.2.3", false],
    ["net 10.0.0.0/24", true],
    ["src net 10.0.0.0/24", false],
    ["dst==10.0.0.0/8", true],
    ["dst==::ffff:10.0.0.10", true],
    ["src==fe80::1", false],
    ["udp", true],
    ["tcp", false],
    ["dns", true],
    ["connect or tls", false],
    ["kind==dns", true],
    ["query==vector-db", true],
    ["attributes.query_name~db$", true],
    ["rcode==0", true],
    ["attributes.rcode==0.0", true],
    ["errno==0", false], // what is not there is equal to nothing
    ["errno!=0", true],
    ["errno>0", false],
    ["cause~.", false],
    ["cause!~.", true],
    ["process.comm==python3", true],
    ["conn_tuple.dst_port==53", true],
    ["details~vector-db", true],
    ["pod==chat-7f and namespace==shop and container==app and node==n1", true],
    ['comm=="python3 "', false],
  ];
  for (const [text, expected] of table) assertEquals(parseFilter(text)(event()), expected, text);
  const bare = event({ conn_tuple: undefined, attributes: undefined, process: undefined });
  for (const text of ["port 53", "host 10.1.2.3", "net ::/0", "udp", "comm==python3", "query==x", "dst==10.0.0.0/8"]) {
    assertEquals(parseFilter(text)(bare), false, text);
  }
});

Deno.test("a bad filter is refused with the column where it goes wrong", () => {
  const table: [string, number, string][] = [
    ["prot==tcp", 1, 'no field "prot"; did you mean "proto"?'],
    ["pid==1 and prot==tcp", 12, "no field"],
    ["pid==", 6, 'a value is missing after "=="'],
    ["pid==1 and", 11, "missing at the end"],
    ["pid 812", 5, 'an operator is missing after "pid"'],
    ["(pid==1", 8, "the bracket of column 1 is not closed"],
    ["pid==1)", 7, "nothing was opened"],
    ["pid==1 pid==2", 8, "one too many"],
    ["comm=='x", 7, "quote is not closed"],
    ["value>fast", 7, '"fast" is no number'],
    ["comm~[", 6, "no regular expression"],
    ["port http", 6, '"http" is no port'],
    ["port 70000", 6, "no port"],
    ["src 10.0.0.1", 5, 'after "src" comes host'],
    ["host 10.0.0.256", 6, "no address"],
    ["host 10.0.0.0/8", 6, "no address"],
    ["net 10.0.0.0/33", 5, "no network"],
    ["dst==here", 6, "no address and no network"],
    ["==1", 1, "stands where a field should"],
    ["and", 1, 'no field "and"'],
    ["pid|1", 4, '"|" means nothing here'],
    ["dnss", 1, "no field"],
    ["not", 4, "missing at the end"],
    ["attributes.", 1, "no field"],
    ["(".repeat(200), 101, "nested too deep"],
  ];
  for (const [text, column, state] of table) {
    const error = assertThrows(() => parseFilter(text), UsageError);
    assert(error.message.includes(`column ${column}: `), `${text}: ${error.message}`);
    assertStringIncludes(error.message, state);
    assertEquals(error.exitCode, 2);
  }
});

Deno.test("no text makes the reader throw anything else, or run away", () => {
  const parts = [
    "(",
    ")",
    "pid",
    "==",
    "1",
    "and",
    "or",
    "not",
    "!",
    ",",
    "~",
    "[",
    '"',
    "port",
    "net",
    "::",
    "|",
    " ",
  ];
  let seed = 7;
  const random = () => (seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;
  for (let i = 0; i < 3000; i++) {
    const text = Array.from({ length: 1 + Math.floor(random() * 12) }, () => parts[Math.floor(random() * parts.length)])
      .join(random() < 0.5 ? " " : "");
    try {
      assertEquals(typeof parseFilter(text)(event()), "boolean");
    } catch (error) {
      assert(error instanceof UsageError && /column \d+: /.test(error.message), `${text}: ${error}`);
    }
  }
});
