/** What the downward API tells a pod of itself, in environment variables or in files, and the service account's own files. */
import type { ContainerNames } from "./names.ts";
import { serviceOfPod } from "./pod_service.ts";

export interface OwnPod {
  /** Empty strings where nobody told. */
  readonly node: string;
  readonly hostIp: string;
  readonly podUid: string;
  /** null outside of a pod, or where it was not told its name. */
  readonly names: ContainerNames | null;
}

const FOLDER = "/etc/podinfo";
const ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";

/**
 * @param env the environment
 * @param read the text of a file of our own, or undefined
 */
export function ownPod(env: (name: string) => string | undefined, read: (path: string) => string | undefined): OwnPod {
  const first = (...names: readonly string[]) => names.map((name) => env(name)).find((value) => value) ?? "";
  const file = (name: string) => read(`${FOLDER}/${name}`)?.trim() ?? "";
  const inPod = first("KUBERNETES_SERVICE_HOST") !== "" || read(`${ACCOUNT}/namespace`) !== undefined;
  const pod = first("POD_NAME", "K8S_POD_NAME", "MY_POD_NAME") || file("name") || (inPod ? first("HOSTNAME") : "");
  const namespace = first("POD_NAMESPACE", "K8S_NAMESPACE", "K8S_POD_NAMESPACE", "MY_POD_NAMESPACE") ||
    file("namespace") ||
    (read(`${ACCOUNT}/namespace`)?.trim() ?? "");
  const labels = pairs(file("labels"));
  const service = serviceOfPod({ name: "", labels, annotations: pairs(file("annotations")) });
  return {
    node: first("NODE_NAME", "K8S_NODE_NAME", "MY_NODE_NAME"),
    hostIp: first("HOST_IP", "NODE_IP", "K8S_NODE_IP", "STATUS_HOST_IP"),
    podUid: first("POD_UID", "K8S_POD_UID", "MY_POD_UID") || file("uid"),
    names: inPod && pod !== "" && namespace !== ""
      ? { namespace, pod, container: first("CONTAINER_NAME", "K8S_CONTAINER_NAME"), ...(service !== "" && { service }) }
      : null,
  };
}

/** `app="chat"` a line, values quoted as Go quotes them. */
function pairs(text: string): Record<string, string> {
  return Object.fromEntries(
    text.split("\n").flatMap((line) => {
      const match = /^([^=]+)=(".*")$/.exec(line.trim());
      try {
        return match === null ? [] : [[match[1]!, String(JSON.parse(match[2]!))]];
      } catch {
        return [];
      }
    }),
  );
}
