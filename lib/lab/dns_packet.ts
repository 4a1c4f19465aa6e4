/** The DNS message format (RFC 1035), as far as a resolver of A records needs it. Pure. */

/** The only port glibc asks on. */
export const DNS_PORT = 53;
export const TYPE_A = 1;
export const RCODE = { noError: 0, formatError: 1, nameError: 3, notImplemented: 4 } as const;
const CLASS_IN = 1;
const HEADER_BYTES = 12;

export interface Query {
  readonly id: number;
  /** Lower case, without the final dot. */
  readonly name: string;
  readonly type: number;
  /** The question section as it came: an answer repeats it byte for byte (letter case is a client's anti-spoofing nonce). */
  readonly question: Uint8Array;
  readonly recursionDesired: boolean;
}

/** Why a message is not a query we answer: the reply's rcode, or null where no reply is due (not a query, no header). */
export interface Refusal {
  readonly id: number;
  readonly rcode: number | null;
}

export function decodeQuery(message: Uint8Array): Query | Refusal {
  if (message.length < HEADER_BYTES) return { id: 0, rcode: null };
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const id = view.getUint16(0);
  const flags = view.getUint16(2);
  if (flags & 0x8000) return { id, rcode: null };
  if (((flags >> 11) & 0xf) !== 0) return { id, rcode: RCODE.notImplemented };
  if (view.getUint16(4) !== 1) return { id, rcode: RCODE.formatError };

  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (;;) {
    const length = message[at];
    // A compression pointer (0xc0) has nothing to point at in a lone question.
    if (length === undefined || length > 63 || at + length >= message.length) return { id, rcode: RCODE.formatError };
    at++;
    if (length === 0) break;
    labels.push(new TextDecoder().decode(message.subarray(at, at + length)).toLowerCase());
    at += length;
  }
  if (at + 4 > message.length || at - HEADER_BYTES > 255) return { id, rcode: RCODE.formatError };
  if (view.getUint16(at + 2) !== CLASS_IN) return { id, rcode: RCODE.notImplemented };
  return {
    id,
    name: labels.join("."),
    type: view.getUint16(at),
    question: message.slice(HEADER_BYTES, at + 4),
    recursionDesired: (flags & 0x0100) !== 0,
  };
}

/** An authoritative answer with these IPv4 addresses. TTL 0: whoever caches would hide the next lookup. */
export function encodeAnswer(query: Query, rcode: number, addresses: readonly string[]): Uint8Array {
  const record = 16;
  const out = new Uint8Array(HEADER_BYTES + query.question.length + record * addresses.length);
  const view = new DataView(out.buffer);
  writeHeader(view, query.id, rcode, query.recursionDesired);
  view.setUint16(4, 1);
  view.setUint16(6, addresses.length);
  out.set(query.question, HEADER_BYTES);
  let at = HEADER_BYTES + query.question.length;
  for (const address of addresses) {
    view.setUint16(at, 0xc000 | HEADER_BYTES); // pointer to the name in the question
    view.setUint16(at + 2, TYPE_A);
    view.setUint16(at + 4, CLASS_IN);
    view.setUint32(at + 6, 0);
    view.setUint16(at + 10, 4);
    out.set(address.split(".").map(Number), at + 12);
    at += record;
  }
  return out;
}

/** A reply without a question, for a message that could not be read. */
export function encodeRefusal(id: number, rcode: number): Uint8Array {
  const out = new Uint8Array(HEADER_BYTES);
  writeHeader(new DataView(out.buffer), id, rcode, false);
  return out;
}

function writeHeader(view: DataView, id: number, rcode: number, recursionDesired: boolean): void {
  view.setUint16(0, id);
  // QR, AA, and RA: glibc trusts a resolver that says it recurses.
  view.setUint16(2, 0x8480 | (recursionDesired ? 0x0100 : 0) | rcode);
}
