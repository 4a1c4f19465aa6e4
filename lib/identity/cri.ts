/**
 * Asks the container runtime over its CRI socket (gRPC): one call lists every container with the kubelet's labels, which name pod and
 * namespace. Messages pass the library as bytes; the few fields wanted are read here (runtime/v1 api.proto).
 */
import { Buffer } from "node:buffer";
import { WIRE, WireReader } from "../otlp/wire_reader.ts";
import { type ContainerNames, type Listing, namesFromLabels } from "./names.ts";

const TIMEOUT_MS = 2000;
const LIST = "/runtime.v1.RuntimeService/ListContainers";

/** ListContainersResponse, Container. */
const RESPONSE = { containers: 1 } as const;
const CONTAINER = { id: 1, metadata: 3, labels: 8 } as const;
const METADATA = { name: 1 } as const;
const ENTRY = { key: 1, value: 2 } as const;

/** @throws DecodeError for bytes that are no such message */
export function decodeContainers(bytes: Uint8Array): Listing {
  const containers = new Map<string, ContainerNames>();
  const pods = new Map<string, ContainerNames>();
  const reader = new WireReader(bytes);
  while (reader.next()) {
    if (reader.field !== RESPONSE.containers) {
      reader.skip();
      continue;
    }
    let id = "";
    let name = "";
    const labels: Record<string, string> = {};
    within(reader, (field) => {
      if (field === CONTAINER.id) id = reader.string();
      else if (field === CONTAINER.metadata) {
        within(reader, (inner) => {
          if (inner === METADATA.name) name = reader.string();
          else reader.skip();
        });
      } else if (field === CONTAINER.labels) {
        let [key, value] = ["", ""];
        within(reader, (inner) => {
          if (inner === ENTRY.key) key = reader.string();
          else if (inner === ENTRY.value) value = reader.string();
          else reader.skip();
        });
        labels[key] = value;
      } else reader.skip();
    });
    const found = namesFromLabels(labels);
    if (found === undefined || id === "") continue;
    const { podUid, namespace, pod, container } = found;
    containers.set(id, { namespace, pod, container: container || name });
    if (podUid !== "") pods.set(podUid, { namespace, pod, container: "" });
  }
  return { containers, pods };
}

function within(reader: WireReader, field: (number: number) => void): void {
  reader.expect(WIRE.bytes);
  const outer = reader.enter();
  while (reader.next()) field(reader.field);
  reader.leave(outer);
}

/** The listing, or why there is none. @param socket a path */
export async function askCri(socket: string, timeoutMs = TIMEOUT_MS): Promise<Listing | string> {
  // Loaded here: it is large, and most machines have no such socket.
  const { default: grpc } = await import("@grpc/grpc-js");
  grpc.setLogVerbosity(grpc.logVerbosity.NONE);
  const client = new grpc.Client(`unix://${socket}`, grpc.credentials.createInsecure());
  try {
    const answer = await new Promise<Uint8Array>((resolve, reject) => {
      const same = (bytes: Buffer) => bytes;
      client.makeUnaryRequest(
        LIST,
        same,
        same,
        Buffer.alloc(0),
        { deadline: Date.now() + timeoutMs },
        (error, value) =>
          error !== null || value === undefined ? reject(error ?? new Error("no answer")) : resolve(value),
      );
    });
    return decodeContainers(answer);
  } catch (error) {
    const { code, message } = error as { code?: number; message: string };
    if (code === grpc.status.UNIMPLEMENTED) return "it does not speak CRI v1";
    if (code === grpc.status.DEADLINE_EXCEEDED) return "it did not answer in time";
    return `no answer (${message.split("\n")[0]})`;
  } finally {
    client.close();
  }
}
