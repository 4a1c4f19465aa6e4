import { assertEquals } from "@std/assert";
import { type CgroupIdentity, parseCgroupPath, tellingPath } from "./cgroup_path.ts";

const ID = "3f2a9c".padEnd(64, "0123456789abcdef");
const OUTER = "9e".repeat(32);
const UID = "8f3a2c10-1111-4222-8333-444455556666";
const UNDER = UID.replaceAll("-", "_");
const STATIC = "b1946ac92492d2347c6235b4d2611184";

const ROWS: [name: string, path: string, expected: CgroupIdentity][] = [
  [
    "containerd, systemd driver, burstable",
    `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${UNDER}.slice/cri-containerd-${ID}.scope`,
    { containerId: ID, runtime: "containerd", podUid: UID, qos: "burstable" },
  ],
  [
    "containerd, systemd driver, guaranteed",
    `/kubepods.slice/kubepods-pod${UNDER}.slice/cri-containerd-${ID}.scope`,
    { containerId: ID, runtime: "containerd", podUid: UID, qos: "guaranteed" },
  ],
  [
    "CRI-O, systemd driver",
    `/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod${UNDER}.slice/crio-${ID}.scope`,
    { containerId: ID, runtime: "cri-o", podUid: UID, qos: "besteffort" },
  ],
  [
    "CRI-O puts what runs inside one level lower",
    `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${UNDER}.slice/crio-${ID}.scope/container`,
    { containerId: ID, runtime: "cri-o", podUid: UID, qos: "burstable" },
  ],
  [
    "CRI-O's monitor",
    `/kubepods.slice/kubepods-pod${UNDER}.slice/crio-conmon-${ID}.scope`,
    { containerId: ID, runtime: "cri-o", monitor: true, podUid: UID, qos: "guaranteed" },
  ],
  [
    "CRI-O, cgroupfs driver",
    `/kubepods/burstable/pod${UID}/crio-${ID}`,
    { containerId: ID, runtime: "cri-o", podUid: UID, qos: "burstable" },
  ],
  [
    "cgroupfs driver: the bare id does not name its runtime",
    `/kubepods/besteffort/pod${UID}/${ID}`,
    { containerId: ID, podUid: UID, qos: "besteffort" },
  ],
  ["cgroupfs driver, guaranteed", `/kubepods/pod${UID}/${ID}`, { containerId: ID, podUid: UID, qos: "guaranteed" }],
  [
    "a static pod's uid is a digest",
    `/kubepods/burstable/pod${STATIC}/${ID}`,
    { containerId: ID, podUid: STATIC, qos: "burstable" },
  ],
  [
    "a static pod, systemd driver",
    `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${STATIC}.slice/cri-containerd-${ID}.scope`,
    { containerId: ID, runtime: "containerd", podUid: STATIC, qos: "burstable" },
  ],
  [
    "Docker under the kubelet, systemd driver",
    `/kubepods.slice/kubepods-pod${UNDER}.slice/docker-${ID}.scope`,
    { containerId: ID, runtime: "docker", podUid: UID, qos: "guaranteed" },
  ],
  ["a pod without a container", `/kubepods/burstable/pod${UID}`, { podUid: UID, qos: "burstable" }],
  [
    "a path for systemd, taken by cgroupfs",
    `/system.slice/containerd.service/kubepods-besteffort-pod${UNDER}.slice:cri-containerd:${ID}`,
    { containerId: ID, runtime: "containerd", podUid: UID, qos: "besteffort" },
  ],
  ["Docker, systemd driver", `/system.slice/docker-${ID}.scope`, { containerId: ID, runtime: "docker" }],
  ["Docker, cgroupfs driver", `/docker/${ID}`, { containerId: ID, runtime: "docker" }],
  ["containerd by itself", `/k8s.io/${ID}`, { containerId: ID, runtime: "containerd" }],
  ["nerdctl", `/system.slice/nerdctl-${ID}.scope`, { containerId: ID, runtime: "containerd" }],
  [
    "Podman, rootless, with the level below",
    `/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${ID}.scope/container`,
    { containerId: ID, runtime: "podman" },
  ],
  [
    "Podman's pod is no Kubernetes pod",
    `/machine.slice/machine-libpod_pod_${OUTER}.slice/libpod-${ID}.scope`,
    { containerId: ID, runtime: "podman" },
  ],
  ["Podman's monitor", `/machine.slice/libpod-conmon-${ID}.scope`, {
    containerId: ID,
    runtime: "podman",
    monitor: true,
  }],
  [
    "Podman in a unit of its own, split",
    `/user.slice/user-1000.slice/user@1000.service/app.slice/web.service/libpod-payload-${ID}`,
    { containerId: ID, runtime: "podman" },
  ],
  ["Podman, cgroupfs driver", `/libpod_parent/libpod-${ID}`, { containerId: ID, runtime: "podman" }],
  ["crun takes any name", "/system.slice/crun-web.scope", { containerId: "web", runtime: "crun" }],
  ["ECS", `/ecs/${STATIC}/${ID}`, { containerId: ID }],
  ["ECS on Fargate", `/ecs/${STATIC}/${STATIC}-1234567890`, { containerId: `${STATIC}-1234567890`, runtime: "ecs" }],
  ["LXC 4", "/lxc.payload.web1/system.slice/cron.service", {
    containerId: "web1",
    runtime: "lxc",
    unit: "cron.service",
  }],
  ["LXC 2", "/lxc/web1", { containerId: "web1", runtime: "lxc" }],
  ["nspawn", "/machine.slice/machine-web\\x2d1.scope", { containerId: "web-1", runtime: "systemd-nspawn" }],
  [
    "kind: a node that is a container; the inner one is meant",
    `/docker/${OUTER}/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable.slice/` +
    `kubelet-kubepods-burstable-pod${UNDER}.slice/cri-containerd-${ID}.scope`,
    { containerId: ID, runtime: "containerd", podUid: UID, qos: "burstable" },
  ],
  [
    "minikube in Docker: the node's own service",
    `/system.slice/docker-${OUTER}.scope/system.slice/kubelet.service`,
    { containerId: OUTER, runtime: "docker", unit: "kubelet.service" },
  ],
  [
    "a pod inside a node that is a container, before its container is there",
    `/docker/${OUTER}/kubepods/burstable/pod${UID}`,
    { podUid: UID, qos: "burstable" },
  ],
  ["a machine's service", "/system.slice/nginx.service", { unit: "nginx.service" }],
  ["of a template", "/system.slice/system-getty.slice/getty@tty1.service", { unit: "getty@tty1.service" }],
  ["an escaped name", "/system.slice/dev-disk\\x2d1.service", { unit: "dev-disk-1.service" }],
  [
    "a user's own service",
    "/user.slice/user-1000.slice/user@1000.service/app.slice/pipewire.service",
    { unit: "pipewire.service" },
  ],
  ["a session", "/user.slice/user-1000.slice/session-3.scope", { unit: "session-3.scope" }],
  ["somebody's unit that begins like a runtime's", "/system.slice/docker-registry.scope", {
    unit: "docker-registry.scope",
  }],
  ["systemd itself", "/init.scope", { unit: "init.scope" }],
  ["seen from a foreign cgroup namespace", `/../../pod${UID}/${ID}`, {
    containerId: ID,
    podUid: UID,
    qos: "guaranteed",
  }],
  ["the root", "/", {}],
  ["nothing", "", {}],
  ["a slice alone", "/user.slice/user-1000.slice", {}],
  ["something of nobody's", "/lab/gateway", {}],
];

Deno.test("parseCgroupPath: every layout of runtimes, drivers and nesting", () => {
  for (const [name, path, expected] of ROWS) assertEquals(parseCgroupPath(path), expected, name);
});

Deno.test("tellingPath: the hierarchy that knows the container, whichever it is", () => {
  const rows: [string, string[], string, string][] = [
    ["v2", [`/docker/${ID}`], `/docker/${ID}`, `/docker/${ID}`],
    ["v1, and v2 is at its root", ["/", `/kubepods/pod${UID}/${ID}`], "/", `/kubepods/pod${UID}/${ID}`],
    [
      "hybrid: v2 knows only the runtime's service",
      ["/system.slice/containerd.service", `/kubepods/pod${UID}/${ID}`],
      "/system.slice/containerd.service",
      `/kubepods/pod${UID}/${ID}`,
    ],
    ["no container anywhere", ["/user.slice", "/a/b/c"], "/system.slice/cron.service", "/system.slice/cron.service"],
  ];
  for (const [name, paths, otherwise, expected] of rows) assertEquals(tellingPath(paths, otherwise), expected, name);
});
