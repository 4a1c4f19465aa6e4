/** Which service a pod is of, in the order OpenTelemetry's conventions give (resource attributes of Kubernetes). Pure. */

export interface PodMeta {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly { readonly kind?: string; readonly name?: string }[];
}

/** What whoever deployed it said, else its workload, else its own name. */
export function serviceOfPod({ name, labels = {}, annotations = {}, ownerReferences = [] }: PodMeta): string {
  return annotations["resource.opentelemetry.io/service.name"] ||
    labels["app.kubernetes.io/instance"] ||
    labels["app.kubernetes.io/name"] ||
    workload(ownerReferences[0], labels) ||
    name;
}

/** A Deployment's pods belong to a ReplicaSet of its name and a digest, a CronJob's to a Job of its name and a time. */
function workload(
  owner: { readonly kind?: string; readonly name?: string } | undefined,
  labels: Readonly<Record<string, string>>,
): string {
  const { kind, name = "" } = owner ?? {};
  if (kind === "Node") return ""; // a static pod: its name is all there is
  const digest = labels["pod-template-hash"];
  if (kind === "ReplicaSet" && digest && name.endsWith(`-${digest}`)) return name.slice(0, -digest.length - 1);
  if (kind === "Job") return name.replace(/-\d{8,10}$/, "");
  return name;
}
