/** Data points of the five kinds of metric, field by field. Field numbers: opentelemetry-proto v1 (metrics). */
import type { Buckets, Exemplar, Integer } from "../model/metric_point.ts";
import { fromInt64, type MetricKind, type PointDraft } from "./metric_draft.ts";
import type { MetricTally } from "./metric_tally.ts";
import { type AttributesDraft, type Details, readKeyValue } from "./protobuf_values.ts";
import { WIRE, type WireReader } from "./wire_reader.ts";

/** Reads the field the reader stands at. */
type FieldReader = (reader: WireReader, point: PointDraft, tally: MetricTally) => void;

const start: FieldReader = (reader, point) => point.startNs = reader.fixed64();
const time: FieldReader = (reader, point) => point.timeNs = reader.fixed64();
const count: FieldReader = (reader, point) => point.count = fromInt64(reader.fixed64());
const sum: FieldReader = (reader, point) => point.sum = reader.double();
const min: FieldReader = (reader, point) => point.min = reader.double();
const max: FieldReader = (reader, point) => point.max = reader.double();
const flags: FieldReader = (reader, point) => point.flags = reader.uint32();
const exemplar: FieldReader = (reader, point, tally) => point.exemplars.push(readExemplar(reader, tally));
const attribute: FieldReader = (reader, point, tally) =>
  readKeyValue(reader, point.attributes as AttributesDraft, tally);

/** By field number. */
type Fields = Readonly<Record<number, FieldReader>>;

const NUMBER: Fields = {
  2: start,
  3: time,
  4: (reader, point) => point.value = reader.double(),
  5: exemplar,
  6: (reader, point) => point.value = sfixed64(reader),
  7: attribute,
  8: flags,
};

const HISTOGRAM: Fields = {
  2: start,
  3: time,
  4: count,
  5: sum,
  6: (reader, point, tally) =>
    reader.eachNumber(WIRE.fixed64, () => keep(tally, point.counts, fromInt64(reader.fixed64()))),
  7: (reader, point, tally) => reader.eachNumber(WIRE.fixed64, () => keep(tally, point.bounds, reader.double())),
  8: exemplar,
  9: attribute,
  10: flags,
  11: min,
  12: max,
};

const EXPONENTIAL: Fields = {
  1: attribute,
  2: start,
  3: time,
  4: count,
  5: sum,
  6: (reader, point) => point.scale = reader.sint32(),
  7: (reader, point) => point.zeroCount = fromInt64(reader.fixed64()),
  8: (reader, point, tally) => point.positive = readBuckets(reader, tally),
  9: (reader, point, tally) => point.negative = readBuckets(reader, tally),
  10: flags,
  11: exemplar,
  12: min,
  13: max,
  14: (reader, point) => point.zeroThreshold = reader.double(),
};

const SUMMARY: Fields = {
  2: start,
  3: time,
  4: count,
  5: sum,
  6: (reader, point, tally) => point.quantiles.push(readQuantile(reader, tally)),
  7: attribute,
  8: flags,
};

export const POINT_FIELDS: Readonly<Record<MetricKind, FieldReader>> = {
  gauge: readerOf(NUMBER),
  sum: readerOf(NUMBER),
  histogram: readerOf(HISTOGRAM),
  exponential_histogram: readerOf(EXPONENTIAL),
  summary: readerOf(SUMMARY),
};

function readerOf(fields: Fields): FieldReader {
  return (reader, point, tally) => {
    const read = fields[reader.field];
    if (read === undefined) reader.skip();
    else read(reader, point, tally);
  };
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
