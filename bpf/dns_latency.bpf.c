// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * dns_latency_ms and dns_errors_total: a query leaves for port 53, its answer comes back to the same socket with the same id.
 * Seen as packets, so every resolver library counts. A query without an answer stays in the map; user space sweeps it out.
 */
#include "packet.bpf.h"

#define DNS_PORT 53
#define DNS_HEADER 12

struct dns_key {
	__u64 cookie;
	__u64 query_id;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct dns_key);
	__type(value, struct llm_slo_dns);
} dns_pending SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct llm_slo_dns);
} dns_scratch SEC(".maps");

static __always_inline void read_question(struct __sk_buff *skb, __u32 at, __u32 end, struct llm_slo_dns *record)
{
	__u32 length = 0;

	__builtin_memset(record->name, 0, sizeof(record->name));
	for (int i = 0; i < LLM_SLO_DNS_NAME_LEN; i++) {
		__u8 byte;

		if (at + i >= end || bpf_skb_load_bytes(skb, at + i, &byte, 1))
			break;
		record->name[i] = byte;
		if (byte == 0) {
			__u8 type[2] = {};

			bpf_skb_load_bytes(skb, at + i + 1, type, 2);
			record->query_type = (type[0] << 8) | type[1];
			break;
		}
		length = i + 1;
	}
	record->name_len = length;
}

static __always_inline void on_query(struct __sk_buff *skb, struct packet *p, struct dns_key *key)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	__u32 zero = 0;
	struct llm_slo_dns *record = bpf_map_lookup_elem(&dns_scratch, &zero);

	if (!record || !is_target(task))
		return;
	if (bpf_map_lookup_elem(&dns_pending, key))
		return; /* sent again: the clock runs from the first */
	__builtin_memset(&record->header, 0, sizeof(record->header));
	fill_owner(&record->header, task);
	record->header.kind = LLM_SLO_DNS;
	record->tuple = p->tuple;
	stamp(&record->start, record->header.pid, bpf_ktime_get_ns());
	record->cookie = key->cookie;
	record->query_id = key->query_id;
	record->query_type = 0;
	record->rcode = 0;
	read_question(skb, p->payload + DNS_HEADER, p->payload + p->length, record);
	bpf_map_update_elem(&dns_pending, key, record, BPF_ANY);
}

static __always_inline void on_answer(struct dns_key *key, __u16 rcode)
{
	struct llm_slo_dns *record = bpf_map_lookup_elem(&dns_pending, key);

	if (!record)
		return;
	record->header.ts_ns = bpf_ktime_get_ns();
	record->rcode = rcode;
	read_clock(&record->end_clock, record->header.pid, record->header.ts_ns);
	emit(record, sizeof(*record), LLM_SLO_DNS);
	bpf_map_delete_elem(&dns_pending, key);
}

static __always_inline int dns(struct __sk_buff *skb, int egress)
{
	struct packet p = {};
	struct dns_key key = {};
	__u8 head[4];

	if (!read_packet(skb, &p) || p.tuple.protocol != IPPROTO_UDP || p.length < DNS_HEADER)
		return 1;
	if ((egress ? p.tuple.dst_port : p.tuple.src_port) != DNS_PORT)
		return 1;
	if (bpf_skb_load_bytes(skb, p.payload, head, 4))
		return 1;
	key.cookie = bpf_get_socket_cookie(skb);
	key.query_id = (head[0] << 8) | head[1];
	if (egress && !(head[2] & 0x80))
		on_query(skb, &p, &key);
	else if (!egress && (head[2] & 0x80))
		on_answer(&key, head[3] & 0x0f);
	return 1;
}

SEC("cgroup_skb/egress")
int dns_egress(struct __sk_buff *skb)
{
	return dns(skb, 1);
}

SEC("cgroup_skb/ingress")
int dns_ingress(struct __sk_buff *skb)
{
	return dns(skb, 0);
}
