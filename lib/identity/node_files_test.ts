import { assertEquals } from "@std/assert";
import type { ContainerNames } from "./names.ts";
import { NodeFiles } from "./node_files.ts";

const A = "a1".repeat(32);
const UID = "8f3a2c10-1111-4222-8333-444455556666";
const CHAT: ContainerNames = { namespace: "shop", pod: "chat-7f", container: "chat" };
const CRI = {
  "io.kubernetes.cri.sandbox-name": "chat-7f",
  "io.kubernetes.cri.sandbox-namespace": "shop",
  "io.kubernetes.cri.container-name": "chat",
};

async function node(files: Readonly<Record<string, unknown>>, ask: (files: NodeFiles) => void): Promise<void> {
  const root = await Deno.makeTempDir({ prefix: "sloctl-node-" });
  try {
    for (const [path, content] of Object.entries(files)) {
      await Deno.mkdir(root + path.replace(/\/[^/]*$/, ""), { recursive: true });
      await Deno.writeTextFile(root + path, typeof content === "string" ? content : JSON.stringify(content));
    }
    ask(new NodeFiles(root));
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

Deno.test("NodeFiles: each runtime's own files, and the kubelet's folders of logs", async () => {
  const rows: [name: string, files: Readonly<Record<string, unknown>>, expected: ContainerNames | undefined][] = [
    [
      "containerd",
      { [`/run/containerd/io.containerd.runtime.v2.task/k8s.io/${A}/config.json`]: { annotations: CRI } },
      CHAT,
    ],
    [
      "CRI-O",
      {
        [`/run/containers/storage/overlay-containers/${A}/userdata/config.json`]: {
          annotations: {
            "io.kubernetes.pod.name": "chat-7f",
            "io.kubernetes.pod.namespace": "shop",
            "io.kubernetes.container.name": "chat",
          },
        },
      },
      CHAT,
    ],
    [
      "k3s",
      { [`/run/k3s/containerd/io.containerd.runtime.v2.task/k8s.io/${A}/config.json`]: { annotations: CRI } },
      CHAT,
    ],
    [
      "Docker under the kubelet",
      { [`/var/lib/docker/containers/${A}/config.v2.json`]: { Name: "/k8s_chat_chat-7f_shop_u1_0" } },
      CHAT,
    ],
    [
      "Docker with Compose",
      {
        [`/var/lib/docker/containers/${A}/config.v2.json`]: {
          Name: "/shop-web-1",
          Config: { Labels: { "com.docker.compose.service": "web" } },
        },
      },
      { namespace: "", pod: "", container: "shop-web-1", service: "web" },
    ],
    [
      "Podman",
      { "/var/lib/containers/storage/overlay-containers/containers.json": [{ id: A, names: ["web"] }] },
      { namespace: "", pod: "", container: "web" },
    ],
    [
      "the kubelet's links to logs",
      { [`/var/log/containers/chat-7f_shop_chat-${A}.log`]: "", "/var/log/containers/other_x_y-00.log": "" },
      CHAT,
    ],
    [
      "the kubelet's folders of logs: the pod, not the container",
      { [`/var/log/pods/shop_chat-7f_${UID}/chat/0.log`]: "" },
      { ...CHAT, container: "" },
    ],
    ["half written", { [`/run/crun/${A}/config.json`]: '{"annot' }, undefined],
    ["nothing", {}, undefined],
  ];
  for (const [name, files, expected] of rows) {
    await node(files, (found) => assertEquals(found.find(A, UID), expected, name));
  }
});

Deno.test("NodeFiles: an id is never a way out of its folder", async () => {
  await node({ "/secret/config.json": { annotations: CRI } }, (found) => {
    for (const id of ["../../../secret", "..", "", "a/b"]) assertEquals(found.find(id, undefined), undefined, id);
  });
});
