import { assertEquals, assertStringIncludes } from "@std/assert";
import grpc from "@grpc/grpc-js";
import { Buffer } from "node:buffer";
import { askCri, decodeContainers } from "./cri.ts";

/** A message by its fields: texts and messages alike are bytes. */
function message(...fields: readonly [number, string | Uint8Array][]): Uint8Array {
  const text = new TextEncoder();
  const parts = fields.map(([number, value]) => {
    const bytes = typeof value === "string" ? text.encode(value) : value;
    const length = bytes.length < 128 ? [bytes.length] : [bytes.length & 127 | 128, bytes.length >> 7];
    return [number << 3 | 2, ...length, ...bytes];
  });
  return new Uint8Array(parts.flat());
}

function container(id: string, name: string, labels: Readonly<Record<string, string>>): Uint8Array {
  return message(
    [1, id],
    [2, "sandbox"],
    [3, message([1, name])],
    [4, message([1, "image:latest"])],
    ...Object.entries(labels).map(([key, value]): [number, Uint8Array] => [8, message([1, key], [2, value])]),
    [9, message([1, "annotation"], [2, "x"])],
  );
}

const LABELS = {
  "io.kubernetes.pod.name": "chat-7f",
  "io.kubernetes.pod.namespace": "shop",
  "io.kubernetes.pod.uid": "u1",
  "io.kubernetes.container.name": "chat",
};
const ANSWER = message([1, container("c1", "chat", LABELS)], [1, container("c2", "by-hand", { maintainer: "me" })]);
const CHAT = { namespace: "shop", pod: "chat-7f", container: "chat" };

Deno.test("decodeContainers: the kubelet's containers with their names; others are left out", () => {
  const { containers, pods } = decodeContainers(ANSWER);
  assertEquals([...containers], [["c1", CHAT]]);
  assertEquals([...pods], [["u1", { ...CHAT, container: "" }]]);
});

Deno.test("askCri: a runtime on a UNIX socket; one that speaks no CRI; none", async () => {
  const folder = await Deno.makeTempDir({ prefix: "sloctl-cri-" });
  const same = (bytes: Buffer) => bytes;
  const method = { requestStream: false, responseStream: false, requestSerialize: same, requestDeserialize: same };
  const server = async (path: string, service: string) => {
    const made = new grpc.Server();
    made.addService(
      { List: { path: service, ...method, responseSerialize: same, responseDeserialize: same } },
      { List: (_call: unknown, answer: grpc.sendUnaryData<Buffer>) => answer(null, Buffer.from(ANSWER)) },
    );
    await new Promise<void>((done, failed) =>
      made.bindAsync(
        `unix://${path}`,
        grpc.ServerCredentials.createInsecure(),
        (error) => error ? failed(error) : done(),
      )
    );
    return { [Symbol.dispose]: () => made.forceShutdown() };
  };
  try {
    const [good, other] = [`${folder}/good.sock`, `${folder}/other.sock`];
    using _good = await server(good, "/runtime.v1.RuntimeService/ListContainers");
    using _other = await server(other, "/somebody.Else/List");
    const answer = await askCri(good);
    assertEquals(typeof answer === "string" ? answer : answer.containers.get("c1"), CHAT);
    assertEquals(await askCri(other), "it does not speak CRI v1");
    assertStringIncludes(String(await askCri(`${folder}/none.sock`, 500)), "no answer");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
