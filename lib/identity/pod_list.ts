/** The kubelet's list of its pods (`/pods`, a v1 PodList) as names by container and by pod. Pure. */
import { bareId, type ContainerNames, type Listing } from "./names.ts";
import { serviceOfPod } from "./pod_service.ts";

/** A node runs 110 pods, or some hundreds; what is over this is not a node's list. */
const MOST_PODS = 10_000;

/** Parts of a pod that are not what they should be are left out: the rest still has its names. null: it is no list of pods. */
export function parsePodList(document: unknown): Listing | null {
  const items = record(document)?.items;
  if (!Array.isArray(items)) return null;
  const containers = new Map<string, ContainerNames>();
  const pods = new Map<string, ContainerNames>();
  for (const item of items.slice(0, MOST_PODS)) {
    const meta = record(record(item)?.metadata);
    if (meta === undefined) continue;
    const [pod, namespace] = [text(meta.name), text(meta.namespace)];
    if (pod === "") continue;
    const annotations = texts(meta.annotations);
    const owners = list(meta.ownerReferences).map((owner) => ({ kind: text(owner.kind), name: text(owner.name) }));
    const service = serviceOfPod({ name: pod, labels: texts(meta.labels), annotations, ownerReferences: owners });
    const whole = { namespace, pod, container: "", service };
    // A static pod has two: the API server's, and the digest of its manifest, which is the one in its cgroup's name.
    for (const uid of [text(meta.uid), annotations["kubernetes.io/config.hash"] ?? ""]) {
      if (uid !== "") pods.set(uid, whole);
    }
    const status = record(record(item)?.status);
    for (const kind of ["initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses"]) {
      for (const one of list(status?.[kind])) {
        const names = { ...whole, container: text(one.name) };
        // One that has ended, too: its last events may still be on their way.
        const ended = [record(one.state), record(one.lastState)].map((state) => record(state?.terminated)?.containerID);
        for (const id of [one.containerID, ...ended].map(text)) if (id !== "") containers.set(bareId(id), names);
      }
    }
  }
  return { containers, pods };
}

function record(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? value as Readonly<Record<string, unknown>>
    : undefined;
}

function list(value: unknown): Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? value.map(record).filter((one) => one !== undefined) : [];
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function texts(value: unknown): Record<string, string> {
  return Object.fromEntries(
    Object.entries(record(value) ?? {}).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}
