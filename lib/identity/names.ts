/** What a container is called, and where it belongs. */
export interface ContainerNames {
  /** Kubernetes' namespace; empty outside of Kubernetes. */
  readonly namespace: string;
  /** Empty outside of Kubernetes. */
  readonly pod: string;
  /** Empty where only the pod is known. */
  readonly container: string;
  /** Absent where nobody told. */
  readonly service?: string;
}

/** Everything one source knows at a moment. */
export interface Listing {
  readonly containers: ReadonlyMap<string, ContainerNames>;
  /** By uid: what holds for every container of the pod. */
  readonly pods: ReadonlyMap<string, ContainerNames>;
}

export const NOTHING_LISTED: Listing = { containers: new Map(), pods: new Map() };

/** Container ids are written with the runtime before them: `containerd://3f2a...`. */
export function bareId(id: string): string {
  return id.replace(/^[\w.+-]+:\/\//, "");
}

/** The labels and annotations of a container that kubelets give every runtime; undefined where they are not a kubelet's. */
export function namesFromLabels(
  labels: Readonly<Record<string, unknown>>,
): (ContainerNames & { readonly podUid: string }) | undefined {
  const first = (...keys: readonly string[]) => {
    const value = keys.map((key) => labels[key]).find((value) => typeof value === "string" && value !== "");
    return typeof value === "string" ? value : "";
  };
  const pod = first("io.kubernetes.pod.name", "io.kubernetes.cri.sandbox-name");
  if (pod === "") return undefined;
  const container = first("io.kubernetes.container.name", "io.kubernetes.cri.container-name");
  return {
    namespace: first("io.kubernetes.pod.namespace", "io.kubernetes.cri.sandbox-namespace"),
    pod,
    container: container === "POD" ? "" : container,
    podUid: first("io.kubernetes.pod.uid", "io.kubernetes.cri.sandbox-uid"),
  };
}

/** `k8s_chat_chat-7f_shop_<uid>_0`: what the kubelet called containers under Docker, and CRI-O still does. */
export function namesFromDockerName(name: string): (ContainerNames & { readonly podUid: string }) | undefined {
  const [mark, container, pod, namespace, podUid] = name.replace(/^\//, "").split("_");
  if (mark !== "k8s" || !container || !pod || !namespace || !podUid) return undefined;
  return { namespace, pod, container: container === "POD" ? "" : container, podUid };
}
