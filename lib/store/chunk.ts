/**
 * Entries as the journal keeps them: some of one append together, as lines of JSON. The first line holds what many of them share
 * (resources and scopes); each further line is one entry: its kind, its size on the wire, its document. Spans lie in requests as they
 * came wherever that can be, see raw_chunk.ts.
 */
import type { LogRecord } from "../model/log_record.ts";
import type { Origin, Span } from "../model/span.ts";
import { withGenAiNames } from "../otlp/genai.ts";
import { beganNs, incidentEntry, logEntry, millisOf, probeEntry, sloEntry, spanEntry } from "./entries.ts";
import { pack, unpack } from "./pack.ts";
import { type Entry, type Kind, KINDS, type NewEntry } from "./store.ts";

/** Entries of one chunk at most: who asks for one of them reads its neighbours too. */
export const CHUNK_ENTRIES = 64;
/** Characters of one chunk, about, at most; one large entry is a chunk of its own. */
const CHUNK_CHARS = 256 * 1024;

export interface Chunk {
  /** Its own buffer, all of it. */
  readonly body: Uint8Array<ArrayBuffer>;
  readonly entries: number;
  /** Entries by kind, in the order of KINDS. */
  readonly counts: readonly number[];
  /** Unix milliseconds: the first and the newest moment an entry speaks of. */
  readonly oldestMs: number;
  readonly newestMs: number;
  /** Keys of the traces in it, each once. */
  readonly traces: Float64Array<ArrayBuffer>;
  /** What can be asked for by id: number of the kind, id, place in the chunk. */
  readonly names: readonly (readonly [number, string, number])[];
}

/** Entries of a chunk, made as they are asked for. */
export interface ChunkEntries {
  /** Sequence of the first. */
  readonly first: number;
  readonly length: number;
  kind(i: number): Kind;
  /** False: it is of another trace. @param traceId in lower case */
  mayBeOf(i: number, traceId: string): boolean;
  /** @throws SyntaxError, TypeError when it is not what was written */
  entry(i: number): Entry;
  /** As `entry`, a span with the names it was sent with and no others. */
  sent(i: number): Entry;
  /** Trace and span id as one text; null where the entry is no span. */
  spanKey(i: number): string | null;
  /** Of all traces in it. @throws as `entry` */
  traceKeys(): Set<number>;
}

/** Kinds that are found by id. */
export const NAMED: ReadonlySet<Kind> = new Set<Kind>(["slo", "incident"]);
/** The last 13 hex digits of a trace id: as many as a number holds, and the ones that are random. Several traces may share one. */
export function traceKey(traceId: string): number {
  const key = parseInt(traceId.slice(-13), 16);
  return Number.isNaN(key) ? 0 : key;
}

const utf8 = new TextEncoder();

export function encodeChunks(entries: readonly NewEntry[]): Chunk[] {
  const chunks: Chunk[] = [];
  for (let from = 0; from < entries.length;) {
    const chunk = encodeChunk(entries, from, CHUNK_ENTRIES, CHUNK_CHARS);
    chunks.push(chunk);
    from += chunk.entries;
  }
  return chunks;
}

/** One chunk of the entries from number `from` on, as many as fit. */
export function encodeChunk(
  entries: readonly NewEntry[],
  from = 0,
  mostEntries = Infinity,
  mostChars = Infinity,
): Chunk {
  const origins: Origin[] = [];
  const lines: string[] = [];
  const counts = KINDS.map(() => 0);
  const traces = new Set<number>();
  const names: [number, string, number][] = [];
  let oldestMs = Infinity;
  let newestMs = 0;
  let chars = 0;
  for (let i = from; i < entries.length && lines.length < mostEntries && chars < mostChars; i++) {
    const entry = entries[i]!;
    const kind = KINDS.indexOf(entry.kind);
    counts[kind]!++;
    if (entry.traceId !== "") traces.add(traceKey(entry.traceId));
    if (entry.id !== "" && NAMED.has(entry.kind)) names.push([kind, entry.id, lines.length]);
    const ms = millisOf(entry.timeNs);
    if (ms > newestMs) newestMs = ms;
    oldestMs = Math.min(oldestMs, ms, millisOf(beganNs(entry)));
    const line = JSON.stringify([kind, entry.bytes, documentOf(entry, origins)]);
    lines.push(line);
    chars += line.length;
  }
  const text = `${JSON.stringify(origins.map(packOrigin))}\n${lines.join("\n")}`;
  const body = utf8.encode(text);
  return { body, entries: lines.length, counts, oldestMs, newestMs, traces: Float64Array.from(traces), names };
}

function documentOf(entry: NewEntry, origins: Origin[]): unknown {
  if (entry.kind === "span") return packSpan(entry.document, originOf(entry.document, origins));
  if (entry.kind !== "log") return pack(entry.document);
  const { resource: _r, resourceDetails: _d, scope: _s, scopeDetails: _t, ...rest } = entry.document;
  return [originOf(entry.document, origins), pack(rest)];
}

/** Number of an origin. Records that arrived together share its objects, so that looking at these is enough. */
function originOf(record: Origin, origins: Origin[]): number {
  for (let i = origins.length - 1; i >= 0; i--) {
    const { resource, resourceDetails, scope, scopeDetails } = origins[i]!;
    if (
      record.resource === resource && record.scope === scope && record.scopeDetails === scopeDetails &&
      record.resourceDetails === resourceDetails
    ) return i;
  }
  return origins.push(record) - 1;
}

function packOrigin({ resource, resourceDetails, scope, scopeDetails }: Origin): unknown {
  return pack({
    resource,
    ...(resourceDetails === undefined ? {} : { resourceDetails }),
    scope,
    ...(scopeDetails === undefined ? {} : { scopeDetails }),
  });
}

/** The ids first, so that `spanKey` finds them without reading the rest. */
function packSpan(span: Span, origin: number): unknown[] {
  const { traceId, spanId, parentSpanId, name, kind, startNs, endNs, attributes, events } = span;
  const { statusCode, statusMessage, links, traceState, flags, droppedAttributes, droppedEvents, droppedLinks } = span;
  const more = { links, traceState, flags, droppedAttributes, droppedEvents, droppedLinks };
  const members = Object.entries(more).filter(([, member]) => member !== undefined);
  return [
    traceId,
    spanId,
    parentSpanId,
    name,
    kind,
    String(startNs),
    String(endNs),
    origin,
    pack(attributes),
    pack(events),
    statusCode,
    statusMessage,
    ...(members.length === 0 ? [] : [pack(Object.fromEntries(members))]),
  ];
}

const SPAN = /^\[0,\d+,\["([0-9a-f]{32})","([0-9a-f]{16})"/;

/** Entries of one chunk, read one by one as they are asked for. */
export class ChunkLines implements ChunkEntries {
  readonly #lines: readonly string[];
  #origins: readonly Origin[] | null = null;

  /** @param first sequence of its first entry */
  constructor(text: string, readonly first: number) {
    this.#lines = text.split("\n");
  }

  get length(): number {
    return this.#lines.length - 1;
  }

  /** By the line's first characters, before any of it is parsed. */
  kind(i: number): Kind {
    return KINDS[this.#line(i).charCodeAt(1) - 0x30]!;
  }

  /** An id is written in one letter case or another. */
  mayBeOf(i: number, traceId: string): boolean {
    return this.#line(i).toLowerCase().includes(traceId);
  }

  entry(i: number): Entry {
    return this.#entry(i, withGenAiNames);
  }

  sent(i: number): Entry {
    return this.#entry(i, (span) => span);
  }

  spanKey(i: number): string | null {
    const found = SPAN.exec(this.#line(i));
    return found === null ? null : found[1]! + found[2]!;
  }

  traceKeys(): Set<number> {
    const keys = new Set<number>();
    for (let i = 0; i < this.length; i++) {
      const { traceId } = this.sent(i);
      if (traceId !== "") keys.add(traceKey(traceId));
    }
    return keys;
  }

  #line(i: number): string {
    return this.#lines[i + 1]!;
  }

  #entry(i: number, named: (span: Span) => Span): Entry {
    const [kind, bytes, document] = JSON.parse(this.#line(i)) as [number, number, unknown];
    const entry = this.#entryOf(KINDS[kind]!, bytes, document, named);
    // It was made just now, and is nobody else's yet.
    return Object.assign(entry, { commitSeq: this.first + i });
  }

  #entryOf(kind: Kind, bytes: number, document: unknown, named: (span: Span) => Span): NewEntry {
    switch (kind) {
      case "span":
        return spanEntry(named(this.#span(document as unknown[])), bytes);
      case "log": {
        const [origin, rest] = document as [number, unknown];
        return logEntry({ ...this.#origin(origin), ...unpack(rest) as object } as LogRecord, bytes);
      }
      case "probe":
        return probeEntry(unpack(document) as never, bytes);
      case "slo":
        return sloEntry(unpack(document) as never, bytes);
      case "incident":
        return incidentEntry(unpack(document) as never, bytes);
    }
  }

  #span(packed: unknown[]): Span {
    const [traceId, spanId, parentSpanId, name, kind, startNs, endNs, origin, attributes, events, code, said, more] =
      packed;
    return {
      ...this.#origin(origin as number),
      traceId,
      spanId,
      parentSpanId,
      name,
      kind,
      startNs: BigInt(startNs as string),
      endNs: BigInt(endNs as string),
      attributes: unpack(attributes),
      events: unpack(events),
      statusCode: code,
      statusMessage: said,
      ...(more === undefined ? {} : unpack(more) as object),
    } as Span;
  }

  #origin(i: number): Origin {
    this.#origins ??= unpack(JSON.parse(this.#lines[0]!)) as Origin[];
    return this.#origins[i]!;
  }
}
