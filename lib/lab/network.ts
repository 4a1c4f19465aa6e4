/**
 * The lab's network: one namespace per role, joined by a bridge in a namespace of its own. The host gets one veth and one address;
 * it forwards nothing and holds no bridge.
 */
import { exec } from "../host/exec.ts";
import { IoError } from "../model/errors.ts";
import { HOST_LINK, HUB, NETNS_ETC, netnsOf } from "./names.ts";
import { HOST_OCTET, OCTET, type Role, ROLES } from "./roles.ts";
import { pickSubnet } from "./subnet.ts";

export interface LabNetwork {
  /** First three numbers of the /24. */
  readonly subnet: string;
  readonly hostIp: string;
  readonly ips: Readonly<Record<Role, string>>;
}

/** Makes namespaces, links and addresses. After a failure some may exist: removeLeftovers() takes them. */
export async function makeNetwork(): Promise<LabNetwork> {
  const subnet = await freeSubnet();
  await exec("ip", "netns", "add", HUB);
  await up(HUB, "lo");
  await exec("ip", "-n", HUB, "link", "add", "br0", "type", "bridge");
  await up(HUB, "br0");

  await exec("ip", "link", "add", HOST_LINK, "type", "veth", "peer", "name", "host", "netns", HUB);
  await attach("host");
  await exec("ip", "addr", "add", `${subnet}.${HOST_OCTET}/24`, "dev", HOST_LINK);
  await exec("ip", "link", "set", HOST_LINK, "up");
  for (const role of ROLES) {
    const netns = netnsOf(role);
    await exec("ip", "netns", "add", netns);
    await up(netns, "lo");
    await exec("ip", "-n", netns, "link", "add", "eth0", "type", "veth", "peer", "name", role, "netns", HUB);
    await attach(role);
    await exec("ip", "-n", netns, "addr", "add", `${subnet}.${OCTET[role]}/24`, "dev", "eth0");
    await up(netns, "eth0");
  }
  const ips = Object.fromEntries(ROLES.map((role) => [role, `${subnet}.${OCTET[role]}`])) as Record<Role, string>;
  resolveThrough(ips.resolver, "gateway");
  return { subnet, hostIp: `${subnet}.${HOST_OCTET}`, ips };
}

async function freeSubnet(): Promise<string> {
  const routes = JSON.parse(await exec("ip", "-j", "-4", "route", "show", "table", "all")) as { dst: string }[];
  const subnet = pickSubnet(routes.map((route) => route.dst));
  if (subnet !== null) return subnet;
  throw new IoError(
    'Cannot choose a network for the lab: every "10.77.x.0/24" has a route already',
    "Remove one of these routes: ip route",
  );
}

async function attach(port: string): Promise<void> {
  await exec("ip", "-n", HUB, "link", "set", port, "master", "br0");
  await up(HUB, port);
}

async function up(netns: string, link: string): Promise<void> {
  await exec("ip", "-n", netns, "link", "set", link, "up");
}

/** Files that `ip netns exec` mounts over those in /etc: only the lab's resolver, and names go to it and nowhere else. */
function resolveThrough(resolver: string, role: Role): void {
  const dir = `${NETNS_ETC}/${netnsOf(role)}`;
  Deno.mkdirSync(dir, { recursive: true });
  Deno.writeTextFileSync(`${dir}/resolv.conf`, `nameserver ${resolver}\n`);
  Deno.writeTextFileSync(`${dir}/nsswitch.conf`, "hosts: files dns\n");
  Deno.writeTextFileSync(`${dir}/hosts`, "127.0.0.1 localhost\n");
}
