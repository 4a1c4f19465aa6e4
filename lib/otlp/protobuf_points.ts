/** Data points of the five kinds of metric, field by field. Field numbers: opentelemetry-proto v1 (metrics). */
import type { Buckets, Exemplar, Integer } from "../model/metric_point.ts";
import { fromInt64, type MetricKind, type PointDraft } from "./metric_draft.ts";
import type { MetricTally } from "./metric_tally.ts";
import { type AttributesDraft, type Details, readKeyValue } from "./protobuf_values.ts";
import { WIRE, type WireReader } from "./wire_reader.ts";

/** Reads the field the reader stands at. */
type FieldReader = (reader: WireReader, point: PointDraft, tally: MetricTally) => void;

export const POINT_FIELDS: Readonly<Record<MetricKind, FieldReader>> = {
  gauge: numberField,
  sum: numberField,
  histogram: histogramField,
  exponential_histogram: exponentialField,
  summary: summaryField,
};

function numberField(reader: WireReader, point: PointDraft, tally: MetricTally): void {
  switch (reader.field) {
    case 2:
      point.startNs = reader.fixed64();
      break;
    case 3:
      point.timeNs = reader.fixed64();
      break;
    case 4:
      point.value = reader.double();
      break;
    case 5:
      point.exemplars.push(readExemplar(reader, tally));
      break;
    case 6:
      point.value = sfixed64(reader);
      break;
    case 7:
      readKeyValue(reader, point.attributes as AttributesDraft, tally);
      break;
    case 8:
      point.flags = reader.uint32();
      break;
    default:
      reader.skip();
  }
}

function histogramField(reader: WireReader, point: PointDraft, tally: MetricTally): void {
  switch (reader.field) {
    case 2:
      point.startNs = reader.fixed64();
      break;
    case 3:
      point.timeNs = reader.fixed64();
      break;
    case 4:
      point.count = fromInt64(reader.fixed64());
      break;
    case 5:
      point.sum = reader.double();
      break;
    case 6:
      reader.eachNumber(WIRE.fixed64, () => keep(tally, point.counts, fromInt64(reader.fixed64())));
      break;
    case 7:
      reader.eachNumber(WIRE.fixed64, () => keep(tally, point.bounds, reader.double()));
      break;
    case 8:
      point.exemplars.push(readExemplar(reader, tally));
      break;
    case 9:
      readKeyValue(reader, point.attributes as AttributesDraft, tally);
      break;
    case 10:
      point.flags = reader.uint32();
      break;
    case 11:
      point.min = reader.double();
      break;
    case 12:
      point.max = reader.double();
      break;
    default:
      reader.skip();
  }
}

function exponentialField(reader: WireReader, point: PointDraft, tally: MetricTally): void {
  switch (reader.field) {
    case 1:
      readKeyValue(reader, point.attributes as AttributesDraft, tally);
      break;
    case 2:
      point.startNs = reader.fixed64();
      break;
    case 3:
      point.timeNs = reader.fixed64();
      break;
    case 4:
      point.count = fromInt64(reader.fixed64());
      break;
    case 5:
      point.sum = reader.double();
      break;
    case 6:
      point.scale = reader.sint32();
      break;
    case 7:
      point.zeroCount = fromInt64(reader.fixed64());
      break;
    case 8:
      point.positive = readBuckets(reader, tally);
      break;
    case 9:
      point.negative = readBuckets(reader, tally);
      break;
    case 10:
      point.flags = reader.uint32();
      break;
    case 11:
      point.exemplars.push(readExemplar(reader, tally));
      break;
    case 12:
      point.min = reader.double();
      break;
    case 13:
      point.max = reader.double();
      break;
    case 14:
      point.zeroThreshold = reader.double();
      break;
    default:
      reader.skip();
  }
}

function summaryField(reader: WireReader, point: PointDraft, tally: MetricTally): void {
  switch (reader.field) {
    case 2:
      point.startNs = reader.fixed64();
      break;
    case 3:
      point.timeNs = reader.fixed64();
      break;
    case 4:
      point.count = fromInt64(reader.fixed64());
      break;
    case 5:
      point.sum = reader.double();
      break;
    case 6:
      point.quantiles.push(readQuantile(reader, tally));
      break;
    case 7:
      readKeyValue(reader, point.attributes as AttributesDraft, tally);
      break;
    case 8:
      point.flags = reader.uint32();
      break;
    default:
      reader.skip();
  }
}

function readBuckets(reader: WireReader, tally: MetricTally): Buckets {
  let offset = 0;
  const counts: Integer[] = [];
  const outer = reader.enter();
  while (reader.next()) {
    if (reader.field === 1) offset = reader.sint32();
    else if (reader.field === 2) {
      reader.eachNumber(WIRE.varint, () => keep(tally, counts, fromInt64(reader.uint64())));
    } else reader.skip();
  }
  reader.leave(outer);
  return { offset, counts };
}

function readQuantile(reader: WireReader, tally: MetricTally): { quantile: number; value: number } {
  tally.spend();
  const at = { quantile: 0, value: 0 };
  const outer = reader.enter();
  while (reader.next()) {
    if (reader.field === 1) at.quantile = reader.double();
    else if (reader.field === 2) at.value = reader.double();
    else reader.skip();
  }
  reader.leave(outer);
  return at;
}

function readExemplar(reader: WireReader, tally: MetricTally): Exemplar {
  tally.spend();
  const attributes: AttributesDraft = {};
  const exemplar: Details<Exemplar> = { timeNs: 0n, value: 0, attributes, traceId: "", spanId: "" };
  const outer = reader.enter();
  while (reader.next()) {
    switch (reader.field) {
      case 2:
        exemplar.timeNs = reader.fixed64();
        break;
      case 3:
        exemplar.value = reader.double();
        break;
      case 4:
        exemplar.spanId = reader.hex();
        break;
      case 5:
        exemplar.traceId = reader.hex();
        break;
      case 6:
        exemplar.value = sfixed64(reader);
        break;
      case 7:
        readKeyValue(reader, attributes, tally);
        break;
      default:
        reader.skip();
    }
  }
  reader.leave(outer);
  return exemplar;
}

function sfixed64(reader: WireReader): Integer {
  return fromInt64(BigInt.asIntN(64, reader.fixed64()));
}

function keep<T>(tally: MetricTally, list: T[], value: T): void {
  tally.spend();
  list.push(value);
}
