import { assertEquals } from "@std/assert";
import { ownPod } from "./downward.ts";
import { bareId, namesFromDockerName, namesFromLabels } from "./names.ts";
import { parsePodList } from "./pod_list.ts";
import { type PodMeta, serviceOfPod } from "./pod_service.ts";

Deno.test("namesFromLabels: the kubelet's labels, and containerd's annotations", () => {
  const expected = { namespace: "shop", pod: "chat-7f", container: "chat", podUid: "u1" };
  assertEquals(
    namesFromLabels({
      "io.kubernetes.pod.name": "chat-7f",
      "io.kubernetes.pod.namespace": "shop",
      "io.kubernetes.container.name": "chat",
      "io.kubernetes.pod.uid": "u1",
    }),
    expected,
  );
  assertEquals(
    namesFromLabels({
      "io.kubernetes.cri.sandbox-name": "chat-7f",
      "io.kubernetes.cri.sandbox-namespace": "shop",
      "io.kubernetes.cri.container-name": "chat",
      "io.kubernetes.cri.sandbox-uid": "u1",
    }),
    expected,
  );
  assertEquals(namesFromLabels({ "io.kubernetes.pod.name": 7, maintainer: "somebody" }), undefined);
});

Deno.test("namesFromDockerName: containers, the pause container, other people's names", () => {
  const rows: [string, ReturnType<typeof namesFromDockerName>][] = [
    ["/k8s_chat_chat-7f_shop_u1_2", { namespace: "shop", pod: "chat-7f", container: "chat", podUid: "u1" }],
    ["k8s_POD_chat-7f_shop_u1_0", { namespace: "shop", pod: "chat-7f", container: "", podUid: "u1" }],
    ["/web", undefined],
    ["k8s_web", undefined],
  ];
  for (const [name, expected] of rows) assertEquals(namesFromDockerName(name), expected, name);
});

Deno.test("bareId", () => {
  assertEquals(["containerd://ab", "cri-o://ab", "docker://ab", "ab"].map(bareId), ["ab", "ab", "ab", "ab"]);
});

Deno.test("serviceOfPod: what was said, else the workload, else the pod", () => {
  const name = "chat-5d9f-x2x9z";
  const hash = { "pod-template-hash": "5d9f" };
  const rows: [string, PodMeta, string][] = [
    [
      "annotation",
      {
        name,
        annotations: { "resource.opentelemetry.io/service.name": "talk" },
        labels: { "app.kubernetes.io/name": "chat" },
      },
      "talk",
    ],
    [
      "instance",
      { name, labels: { "app.kubernetes.io/instance": "chat-eu", "app.kubernetes.io/name": "chat" } },
      "chat-eu",
    ],
    ["name", { name, labels: { "app.kubernetes.io/name": "chat" } }, "chat"],
    ["deployment", { name, labels: hash, ownerReferences: [{ kind: "ReplicaSet", name: "chat-5d9f" }] }, "chat"],
    ["replica set alone", { name, ownerReferences: [{ kind: "ReplicaSet", name: "chat-5d9f" }] }, "chat-5d9f"],
    ["stateful set", { name: "db-0", ownerReferences: [{ kind: "StatefulSet", name: "db" }] }, "db"],
    ["cron job", { name: "tidy-28999999-abcde", ownerReferences: [{ kind: "Job", name: "tidy-28999999" }] }, "tidy"],
    ["job", { name: "once-abcde", ownerReferences: [{ kind: "Job", name: "once" }] }, "once"],
    ["static pod", { name: "etcd-n1", ownerReferences: [{ kind: "Node", name: "n1" }] }, "etcd-n1"],
    ["bare pod", { name: "shell" }, "shell"],
  ];
  for (const [what, meta, expected] of rows) assertEquals(serviceOfPod(meta), expected, what);
});

Deno.test("parsePodList: every kind of container, restarts, static pods; odd parts are left out", () => {
  const listing = parsePodList({
    items: [
      {
        metadata: {
          name: "chat-7f",
          namespace: "shop",
          uid: "u1",
          labels: { "app.kubernetes.io/name": "chat", odd: 7 },
        },
        status: {
          initContainerStatuses: [{ name: "wait", containerID: "containerd://a1", state: { terminated: {} } }],
          containerStatuses: [
            {
              name: "chat",
              containerID: "containerd://a2",
              lastState: { terminated: { containerID: "containerd://a0" } },
            },
            { name: "side" },
            7,
          ],
          ephemeralContainerStatuses: [{ name: "debug", containerID: "containerd://a3" }],
        },
      },
      {
        metadata: {
          name: "etcd-n1",
          namespace: "kube-system",
          uid: "u2",
          annotations: { "kubernetes.io/config.hash": "h2" },
        },
      },
      { metadata: {} },
      "no pod",
    ],
  })!;
  const chat = { namespace: "shop", pod: "chat-7f", service: "chat" };
  assertEquals([...listing.containers], [
    ["a1", { ...chat, container: "wait" }],
    ["a2", { ...chat, container: "chat" }],
    ["a0", { ...chat, container: "chat" }],
    ["a3", { ...chat, container: "debug" }],
  ]);
  assertEquals([...listing.pods.keys()], ["u1", "u2", "h2"]);
  assertEquals(listing.pods.get("h2")?.pod, "etcd-n1");
  for (const odd of [null, 7, "x", {}, { items: 3 }]) assertEquals(parsePodList(odd), null);
});

Deno.test("ownPod: environment, files, the service account's namespace; nothing outside of a pod", () => {
  const from = (env: Record<string, string>, files: Record<string, string> = {}) =>
    ownPod((name) => env[name], (path) => files[path]);
  const inside = { KUBERNETES_SERVICE_HOST: "10.96.0.1" };
  assertEquals(
    from({ ...inside, POD_NAME: "agent-1", POD_NAMESPACE: "ops", POD_UID: "u9", NODE_NAME: "n1", HOST_IP: "10.0.0.7" }),
    { node: "n1", hostIp: "10.0.0.7", podUid: "u9", names: { namespace: "ops", pod: "agent-1", container: "" } },
  );
  assertEquals(
    from({ ...inside, HOSTNAME: "agent-1" }, {
      "/etc/podinfo/uid": "u9\n",
      "/etc/podinfo/labels": 'app.kubernetes.io/name="agent"\ntier="a=b"',
      "/var/run/secrets/kubernetes.io/serviceaccount/namespace": "ops",
    }),
    {
      node: "",
      hostIp: "",
      podUid: "u9",
      names: { namespace: "ops", pod: "agent-1", container: "", service: "agent" },
    },
  );
  assertEquals(from({ HOSTNAME: "box", POD_NAME: "" }), { node: "", hostIp: "", podUid: "", names: null });
});
