/** ExportLogsServiceRequest, protobuf encoding, to log records. Field numbers: opentelemetry-proto v1 (logs). */
import type { Origin } from "../model/span.ts";
import { type LogDraft, logDraft, LogTally } from "./log_tally.ts";
import { walkProtobuf } from "./protobuf_envelope.ts";
import { type AttributesDraft, readAnyValue, readKeyValue, setGiven } from "./protobuf_values.ts";
import type { WireReader } from "./wire_reader.ts";

/** @throws DecodeError naming the byte where the body stops making sense. */
export function decodeLogsProtobuf(body: Uint8Array): LogTally {
  const tally = new LogTally();
  walkProtobuf(body, tally, (reader, origin) => tally.add(readLog(reader, origin, tally)));
  return tally;
}

function readLog(reader: WireReader, origin: Origin, tally: LogTally): LogDraft {
  const log = logDraft(origin);
  const attributes = log.attributes as AttributesDraft;
  const outer = reader.enter();
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        log.timeNs = reader.fixed64();
        break;
      case 2:
        log.severity = reader.enumeration();
        break;
      case 3:
        log.severityText = reader.string();
        break;
      case 5:
        log.body = readAnyValue(reader, tally);
        break;
      case 6:
        readKeyValue(reader, attributes, tally);
        break;
      case 7:
        setGiven(log, "droppedAttributes", reader.uint32());
        break;
      case 8:
        setGiven(log, "flags", reader.fixed32());
        break;
      case 9:
        log.traceId = reader.hex();
        break;
      case 10:
        log.spanId = reader.hex();
        break;
      case 11:
        log.observedNs = reader.fixed64();
        break;
      case 12:
        log.eventName = reader.string();
        break;
      default:
        reader.skip();
    }
  }
  reader.leave(outer);
  return log;
}
