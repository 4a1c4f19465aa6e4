/** ExportTraceServiceRequest, protobuf encoding, to spans. Field numbers: opentelemetry-proto v1 (trace, common, resource). */
import type { Attributes, AttributeValue, SpanEvent } from "../model/span.ts";
import { fromInt64, type RawSpan, rawSpan, Tally } from "./tally.ts";
import { WIRE, WireReader } from "./wire_reader.ts";

/** @throws DecodeError naming the byte where the body stops making sense. */
export function decodeTracesProtobuf(body: Uint8Array): Tally {
  const tally = new Tally();
  const request = new WireReader(body);
  while (request.next()) {
    if (request.field === 1) resourceSpans(request.message(), tally);
    else request.skip();
  }
  return tally;
}

function resourceSpans(reader: WireReader, tally: Tally): void {
  const resource: Record<string, AttributeValue> = {};
  // Fields come in any order, and a span needs its resource: the scopes wait until the resource was read.
  const scopes: WireReader[] = [];
  while (reader.next()) {
    if (reader.field === 1) {
      const inner = reader.message();
      while (inner.next()) {
        if (inner.field === 1) keyValue(inner.message(), resource, tally);
        else inner.skip();
      }
    } else if (reader.field === 2) scopes.push(reader.message());
    else reader.skip();
  }
  for (const scope of scopes) scopeSpans(scope, resource, tally);
}

function scopeSpans(reader: WireReader, resource: Attributes, tally: Tally): void {
  let name = "";
  const spans: WireReader[] = [];
  while (reader.next()) {
    if (reader.field === 1) {
      const inner = reader.message();
      while (inner.next()) {
        if (inner.field === 1) name = inner.string();
        else inner.skip();
      }
    } else if (reader.field === 2) spans.push(reader.message());
    else reader.skip();
  }
  for (const span of spans) tally.add(readSpan(span, tally), resource, name);
}

function readSpan(reader: WireReader, tally: Tally): RawSpan {
  const span = rawSpan();
  const attributes: Record<string, AttributeValue> = {};
  span.attributes = attributes;
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        span.traceId = reader.slice().toHex();
        break;
      case 2:
        span.spanId = reader.slice().toHex();
        break;
      case 4:
        span.parentSpanId = reader.slice().toHex();
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
        keyValue(reader.message(), attributes, tally);
        break;
      case 11:
        span.events.push(event(reader.message(), tally));
        break;
      case 15: {
        const status = reader.message();
        while (status.next()) {
          if (status.field === 2) span.statusMessage = status.string();
          else if (status.field === 3) span.statusCode = status.enumeration();
          else status.skip();
        }
        break;
      }
      default:
        reader.skip();
    }
  }
  return span;
}

function event(reader: WireReader, tally: Tally): SpanEvent {
  let timeNs = 0n;
  let name = "";
  const attributes: Record<string, AttributeValue> = {};
  while (reader.next()) {
    if (reader.field === 1) timeNs = reader.fixed64();
    else if (reader.field === 2) name = reader.string();
    else if (reader.field === 3) keyValue(reader.message(), attributes, tally);
    else reader.skip();
  }
  return { timeNs, name, attributes };
}

function keyValue(reader: WireReader, target: Record<string, AttributeValue>, tally: Tally): void {
  let key = "";
  let value: AttributeValue = null;
  while (reader.next()) {
    if (reader.field === 1) key = reader.string();
    else if (reader.field === 2) value = anyValue(reader.message(), tally);
    else reader.skip();
  }
  tally.set(target, key, value);
}

/** The last member given wins, as for every protobuf oneof; none at all is null. */
function anyValue(reader: WireReader, tally: Tally): AttributeValue {
  let value: AttributeValue = null;
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        value = reader.string();
        break;
      case 2:
        reader.expect(WIRE.varint);
        value = reader.varint64() !== 0n;
        break;
      case 3:
        reader.expect(WIRE.varint);
        value = fromInt64(BigInt.asIntN(64, reader.varint64()));
        break;
      case 4:
        value = reader.double();
        break;
      case 5: {
        const list: AttributeValue[] = [];
        const inner = reader.message();
        while (inner.next()) {
          if (inner.field === 1) list.push(anyValue(inner.message(), tally));
          else inner.skip();
        }
        value = list;
        break;
      }
      case 6: {
        const map: Record<string, AttributeValue> = {};
        const inner = reader.message();
        while (inner.next()) {
          if (inner.field === 1) keyValue(inner.message(), map, tally);
          else inner.skip();
        }
        value = map;
        break;
      }
      case 7:
        // A copy: a slice would keep the whole body alive as long as the span.
        value = reader.slice().slice();
        break;
      default:
        reader.skip();
    }
  }
  return value;
}
