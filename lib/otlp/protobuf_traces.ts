/** ExportTraceServiceRequest, protobuf encoding, to spans. Field numbers: opentelemetry-proto v1 (trace). */
import type { Origin, SpanEvent, SpanLink } from "../model/span.ts";
import { walkProtobuf } from "./protobuf_envelope.ts";
import { type AttributesDraft, type Details, readKeyValue, setGiven } from "./protobuf_values.ts";
import { type SpanDraft, spanDraft, SpanTally } from "./span_tally.ts";
import type { WireReader } from "./wire_reader.ts";

/** @throws DecodeError naming the byte where the body stops making sense. */
export function decodeTracesProtobuf(body: Uint8Array): SpanTally {
  const tally = new SpanTally();
  walkProtobuf(body, tally, (reader, origin) => tally.add(readSpan(reader, origin, tally)));
  return tally;
}

function readSpan(reader: WireReader, origin: Origin, tally: SpanTally): SpanDraft {
  const span = spanDraft(origin);
  const attributes = span.attributes as AttributesDraft;
  const outer = reader.enter();
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        span.traceId = reader.hex();
        break;
      case 2:
        span.spanId = reader.hex();
        break;
      case 3:
        setGiven(span, "traceState", reader.string());
        break;
      case 4:
        span.parentSpanId = reader.hex();
        break;
      case 5:
        span.name = reader.string();
        break;
      case 6:
        span.kind = reader.enumeration();
        break;
      case 7:
        span.startNs = reader.fixed64();
        break;
      case 8:
        span.endNs = reader.fixed64();
        break;
      case 9:
        readKeyValue(reader, attributes, tally);
        break;
      case 10:
        setGiven(span, "droppedAttributes", reader.uint32());
        break;
      case 11:
        (span.events as SpanEvent[]).push(readEvent(reader, tally));
        break;
      case 12:
        setGiven(span, "droppedEvents", reader.uint32());
        break;
      case 13:
        ((span.links ??= []) as SpanLink[]).push(readLink(reader, tally));
        break;
      case 14:
        setGiven(span, "droppedLinks", reader.uint32());
        break;
      case 15:
        readStatus(reader, span);
        break;
      case 16:
        setGiven(span, "flags", reader.fixed32());
        break;
      default:
        reader.skip();
    }
  }
  reader.leave(outer);
  return span;
}

function readStatus(reader: WireReader, span: SpanDraft): void {
  const outer = reader.enter();
  while (reader.next()) {
    if (reader.field === 2) span.statusMessage = reader.string();
    else if (reader.field === 3) span.statusCode = reader.enumeration();
    else reader.skip();
  }
  reader.leave(outer);
}

function readEvent(reader: WireReader, tally: SpanTally): SpanEvent {
  tally.spend();
  const attributes: AttributesDraft = {};
  const event: Details<SpanEvent> = { timeNs: 0n, name: "", attributes };
  const outer = reader.enter();
  while (reader.next()) {
    if (reader.field === 1) event.timeNs = reader.fixed64();
    else if (reader.field === 2) event.name = reader.string();
    else if (reader.field === 3) readKeyValue(reader, attributes, tally);
    else if (reader.field === 4) setGiven(event, "droppedAttributes", reader.uint32());
    else reader.skip();
  }
  reader.leave(outer);
  return event;
}

function readLink(reader: WireReader, tally: SpanTally): SpanLink {
  tally.spend();
  const attributes: AttributesDraft = {};
  const link: Details<SpanLink> = { traceId: "", spanId: "", attributes };
  const outer = reader.enter();
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        link.traceId = reader.hex();
        break;
      case 2:
        link.spanId = reader.hex();
        break;
      case 3:
        setGiven(link, "traceState", reader.string());
        break;
      case 4:
        readKeyValue(reader, attributes, tally);
        break;
      case 5:
        setGiven(link, "droppedAttributes", reader.uint32());
        break;
      case 6:
        setGiven(link, "flags", reader.fixed32());
        break;
      default:
        reader.skip();
    }
  }
  reader.leave(outer);
  return link;
}
