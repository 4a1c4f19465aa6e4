// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * tcp_retransmits_total without BTF: the classic tracepoint, whose fields user space has looked up. It says addresses and ports and not
 * whose they are, so that is remembered from the handshake. It fires once per skb, and how many segments that holds it does not say.
 */
#include "conn.bpf.h"
#include "plain.bpf.h"

/* Where the tracepoint keeps what we read: offsets from tracefs, in the order of lib/kernel/tracepoint_fields.ts. */
struct retransmit_fields {
	__u32 state;
	__u32 sport;
	__u32 dport;
	__u32 family;
	__u32 saddr;
	__u32 daddr;
	__u32 saddr_v6;
	__u32 daddr_v6;
};

const volatile struct retransmit_fields fields SEC(".rodata.fields") = {};

struct tuple_owner {
	struct llm_slo_event header;
	__u64 cookie;
};

/* By tuple_key(). Nothing tells when a connection has sent for the last time: the oldest make room, and are nobody's then. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, struct tuple_owner);
} tuple_owners SEC(".maps");

/* A SYN leaves for whoever connects, a SYN-ACK for the listener. */
SEC("cgroup_skb/egress")
int CONTEXT_PROG(owner_egress, struct __sk_buff, skb)
{
	struct tuple_owner owner = {};
	struct packet p = {};
	__u64 key;

	if (!read_packet(skb, &p) || !(p.tcp_flags & TCP_FLAG_SYN) || !find_plain_owner(skb, &owner.header))
		return 1;
	key = tuple_key(&p.tuple, 0);
	owner.cookie = p.tcp_flags & TCP_FLAG_ACK ? 0 : bpf_get_socket_cookie(skb);
	bpf_map_update_elem(&tuple_owners, &key, &owner, BPF_ANY);
	return 1;
}

#define READ_FIELD(to, field) bpf_probe_read_kernel(to, sizeof(*(to)), ctx + fields.field)

SEC("tracepoint/tcp/tcp_retransmit_skb")
int CONTEXT_PROG(on_retransmit, void, ctx)
{
	struct llm_slo_retransmit record = {};
	struct tuple_owner *owner;
	__u16 family = 0;
	int state = 0;
	__u64 key;

	READ_FIELD(&family, family);
	READ_FIELD(&record.tuple.src_port, sport);
	READ_FIELD(&record.tuple.dst_port, dport);
	if (fields.state)
		READ_FIELD(&state, state);
	if (family == AF_INET) {
		record.tuple.src[10] = record.tuple.src[11] = record.tuple.dst[10] = record.tuple.dst[11] = 0xff;
		READ_FIELD((__u32 *)&record.tuple.src[12], saddr);
		READ_FIELD((__u32 *)&record.tuple.dst[12], daddr);
	} else {
		READ_FIELD(&record.tuple.src, saddr_v6);
		READ_FIELD(&record.tuple.dst, daddr_v6);
	}
	record.tuple.protocol = IPPROTO_TCP;
	key = tuple_key(&record.tuple, 0);
	owner = bpf_map_lookup_elem(&tuple_owners, &key);
	if (owner) {
		record.header = owner->header;
		record.cookie = owner->cookie;
	} else if (config.filter) {
		return 0;
	}
	record.header.kind = LLM_SLO_RETRANSMIT;
	record.header.flags = state == TCP_SYN_SENT ? LLM_SLO_RTX_SYN : 0;
	record.header.ts_ns = bpf_ktime_get_ns();
	record.segments = 1;
	emit(&record, sizeof(record), LLM_SLO_RETRANSMIT);
	return 0;
}
