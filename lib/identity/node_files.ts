/**
 * Names of containers out of files of the node: the runtime's own description of a container, and the folders the kubelet keeps logs in.
 * They need no address and no token, and they are read at the moment a container is first seen.
 */
import { type ContainerNames, namesFromDockerName, namesFromLabels } from "./names.ts";

/** Where runtimes keep the OCI description of a running container; `*` is its id. Its annotations name pod and container. */
const BUNDLES = [
  "/run/containerd/io.containerd.runtime.v2.task/k8s.io/*/config.json",
  "/run/containers/storage/overlay-containers/*/userdata/config.json",
  "/run/k3s/containerd/io.containerd.runtime.v2.task/k8s.io/*/config.json",
  "/run/crun/*/config.json",
];
const DOCKER = "/var/lib/docker/containers/*/config.v2.json";
/** Podman's and CRI-O's own list: [{id, names}]. */
const STORAGE = "/var/lib/containers/storage/overlay-containers/containers.json";
/** `<pod>_<namespace>_<container>-<id>.log`, a link for every container. */
const LOGS = "/var/log/containers";
/** `<namespace>_<pod>_<uid>`, a folder for every pod. */
const POD_LOGS = "/var/log/pods";
/** What may stand in a path: an id is never more than this. */
const ID = /^[\w][\w.-]{0,127}$/;

/** @param root before every path: where the host's files are */
export class NodeFiles {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  /** What the files say now; undefined where they say nothing of it. */
  find(containerId: string | undefined, podUid: string | undefined): ContainerNames | undefined {
    const id = containerId !== undefined && ID.test(containerId) ? containerId : undefined;
    const names = id === undefined
      ? undefined
      : this.#bundle(id) ?? this.#docker(id) ?? this.#storage(id) ?? this.#log(id);
    if (names !== undefined && names.pod !== "") return names;
    const pod = podUid === undefined ? undefined : this.#podLog(podUid);
    return pod === undefined ? names : { ...pod, container: names?.container ?? "" };
  }

  #bundle(id: string): ContainerNames | undefined {
    for (const place of BUNDLES) {
      const spec = this.#json(place.replace("*", id)) as { annotations?: Record<string, unknown> } | undefined;
      const names = namesFromLabels(spec?.annotations ?? {});
      if (names !== undefined) return only(names);
    }
    return undefined;
  }

  #docker(id: string): ContainerNames | undefined {
    const config = this.#json(DOCKER.replace("*", id)) as
      | { Name?: unknown; Config?: { Labels?: Record<string, unknown> } }
      | undefined;
    if (config === undefined) return undefined;
    const labels = config.Config?.Labels ?? {};
    const name = typeof config.Name === "string" ? config.Name : "";
    const names = namesFromLabels(labels) ?? namesFromDockerName(name);
    if (names !== undefined) return only(names);
    const service = labels["com.docker.compose.service"];
    return name === "" ? undefined : {
      namespace: "",
      pod: "",
      container: name.replace(/^\//, ""),
      ...(typeof service === "string" && service !== "" && { service }),
    };
  }

  #storage(id: string): ContainerNames | undefined {
    const list = this.#json(STORAGE);
    const found = Array.isArray(list) ? list.find((one) => one?.id === id) : undefined;
    const name = found?.names?.[0];
    if (typeof name !== "string") return undefined;
    const names = namesFromDockerName(name);
    return names === undefined ? { namespace: "", pod: "", container: name } : only(names);
  }

  #log(id: string): ContainerNames | undefined {
    const end = `-${id}.log`;
    const link = this.#names(LOGS).find((name) => name.endsWith(end));
    const [pod, namespace, container] = link?.slice(0, -end.length).split("_") ?? [];
    return pod && namespace && container ? { namespace, pod, container } : undefined;
  }

  #podLog(uid: string): ContainerNames | undefined {
    const folder = this.#names(POD_LOGS).find((name) => name.endsWith(`_${uid}`));
    const [namespace, pod] = folder?.split("_") ?? [];
    return namespace && pod ? { namespace, pod, container: "" } : undefined;
  }

  #json(path: string): unknown {
    try {
      return JSON.parse(Deno.readTextFileSync(this.#root + path));
    } catch {
      return undefined; // not this runtime's, or half written: the next place, or the next look
    }
  }

  #names(path: string): string[] {
    try {
      return [...Deno.readDirSync(this.#root + path)].map(({ name }) => name);
    } catch {
      return [];
    }
  }
}

function only({ namespace, pod, container }: ContainerNames): ContainerNames {
  return { namespace, pod, container };
}
