/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * One DNS message, however it came: a query is remembered by the socket and its id, an answer ends it. An answer counts only when it
 * comes from a server that was asked and repeats the question, as resolvers have it.
 *
 * Addresses are those the socket knows: behind address translation (a service's address, a container's 127.0.0.11) the packet that
 * leaves bears another one than the answer that arrives.
 */
#ifndef DNS_MESSAGE_BPF_H
#define DNS_MESSAGE_BPF_H

#include "dns_question.bpf.h"

/* Tells how a query ended, unless somebody else just did: the ring gets it if it was still there to be deleted. */
static __always_inline void tell_query(struct dns_key *key, struct dns_query *query, __u64 ts_ns, __u16 rcode, __u16 flags)
{
	struct llm_slo_dns *record = bpf_ringbuf_reserve(&events, sizeof(*record), 0);

	one_less(key->cookie);
	if (!record) {
		if (!bpf_map_delete_elem(&dns_pending, key))
			count_drop(LLM_SLO_DNS);
		return;
	}
	__builtin_memcpy(record, &query->record, sizeof(*record));
	record->header.ts_ns = ts_ns;
	record->header.flags |= flags;
	record->rcode = rcode;
	read_clock(&record->end_clock, record->header.pid, ts_ns);
	if (bpf_map_delete_elem(&dns_pending, key))
		bpf_ringbuf_discard(record, BPF_RB_NO_WAKEUP);
	else
		bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
}

static __always_inline int same_address(const __u8 *a, const __u8 *b)
{
	const __u64 *x = (const __u64 *)a, *y = (const __u64 *)b;

	return x[0] == y[0] && x[1] == y[1];
}

static __always_inline void add_server(struct dns_query *query, const __u8 *server)
{
	query->record.packets += 1;
	for (__u32 i = 0; i < DNS_SERVERS; i++) {
		if (i == query->asked) {
			__builtin_memcpy(query->servers[i], server, 16);
			break;
		}
		if (same_address(query->servers[i], server))
			return;
	}
	query->asked += 1;
}

static __always_inline int was_asked(struct dns_query *query, const __u8 *server)
{
	if (query->asked > DNS_SERVERS)
		return 1;
	for (__u32 i = 0; i < DNS_SERVERS; i++)
		if (i < query->asked && same_address(query->servers[i], server))
			return 1;
	return 0;
}

/* Where the socket sends to, in place of where its packet goes. */
static __always_inline void server_asked(struct __sk_buff *skb, struct llm_slo_tuple *tuple)
{
	struct bpf_sock *sk = skb->sk;
	struct dns_sending_key key = {};
	struct dns_sending *sending;

	tuple->dst_port = DNS_PORT;
	if (sk && sk->dst_port) {
		if (sk->family == AF_INET) {
			*(__u32 *)&tuple->dst[12] = sk->dst_ip4;
		} else {
			*(__u32 *)&tuple->dst[0] = sk->dst_ip6[0];
			*(__u32 *)&tuple->dst[4] = sk->dst_ip6[1];
			*(__u32 *)&tuple->dst[8] = sk->dst_ip6[2];
			*(__u32 *)&tuple->dst[12] = sk->dst_ip6[3];
		}
		return;
	}
	key.cookie = bpf_get_socket_cookie(skb);
	key.tid = this_thread();
	sending = bpf_map_lookup_elem(&dns_sending, &key);
	if (!sending)
		return;
	__builtin_memcpy(tuple->dst, sending->server, 16);
	bpf_map_delete_elem(&dns_sending, &key);
}

/* Datagrams leave in their sender's context; what TCP sends may leave in anybody's, so its owner was remembered. 0: not watched. */
static __always_inline int find_owner(struct __sk_buff *skb, struct packet *p, struct llm_slo_event *owner)
{
#ifdef LLM_SLO_PLAIN
	return find_plain_owner(skb, owner) || !config.filter;
#else
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();

	if (p->tuple.protocol == IPPROTO_TCP) {
		struct dns_stream_key key = {};
		struct dns_stream *stream = find_stream(skb, DNS_EGRESS, &key);

		if (!stream || !stream->owner.pid)
			return 0;
		*owner = stream->owner;
		return 1;
	}
	if (!is_target(task))
		return 0;
	fill_owner(owner, task);
	return 1;
#endif
}

static __always_inline int on_query(struct __sk_buff *skb, struct packet *p, __u32 at, __u32 length, int how, struct dns_key *key)
{
	struct dns_query *query = bpf_map_lookup_elem(&dns_pending, key);
	struct llm_slo_event owner = {};
	__u64 now = bpf_ktime_get_ns();
	__u32 zero = 0;

	if (!find_owner(skb, p, &owner))
		return 1;
	server_asked(skb, &p->tuple);
	if (query) {
		__u64 due = query->record.start.ns + DNS_TIMEOUT_NS;

		load_head(skb, at, length, how, query);
		if (now < due && same_question(query)) {
			add_server(query, p->tuple.dst); /* sent again: the clock runs from the first */
			return 1;
		}
		tell_query(key, query, now < due ? now : due, 0, LLM_SLO_DNS_NO_ANSWER | (now < due ? LLM_SLO_DNS_ABANDONED : 0));
	}
	query = bpf_map_lookup_elem(&dns_blank, &zero);
	if (!query || bpf_map_update_elem(&dns_pending, key, query, BPF_NOEXIST)) {
		count_untracked(LLM_SLO_DNS);
		return 1;
	}
	query = bpf_map_lookup_elem(&dns_pending, key);
	if (!query)
		return 1;
	one_more(key->cookie);
	load_head(skb, at, length, how, query);
	read_question(query);
	add_server(query, p->tuple.dst);
	query->record.header = owner;
	query->record.header.kind = LLM_SLO_DNS;
	query->record.header.flags = p->tuple.protocol == IPPROTO_TCP ? LLM_SLO_DNS_TCP : 0;
	query->record.tuple = p->tuple;
	query->record.cookie = key->cookie;
	query->record.query_id = key->query_id;
	stamp(&query->record.start, query->record.header.pid, now);
	return 1;
}

static __always_inline int on_answer(struct __sk_buff *skb, struct packet *p, __u32 at, __u32 length, int how, struct dns_key *key)
{
	struct dns_query *query = bpf_map_lookup_elem(&dns_pending, key);
	__u64 now = bpf_ktime_get_ns(), due;
	__u16 rcode = 0, flags = 0;

	if (!query || !query->record.start.ns || !was_asked(query, p->tuple.src))
		return 1;
	due = query->record.start.ns + DNS_TIMEOUT_NS;
	load_head(skb, at, length, how, query);
	if (now >= due) {
		flags = LLM_SLO_DNS_NO_ANSWER;
		now = due;
	} else if (query->scan.bytes < DNS_HEADER || ((query->head[4] || query->head[5]) && !same_question(query))) {
		return 1; /* a server that did not understand may leave the question out */
	} else {
		__builtin_memcpy(query->record.tuple.dst, p->tuple.src, 16); /* of several that were asked, the one that answered */
		query->record.answers = (query->head[6] << 8) | query->head[7];
		rcode = response_code(query);
		flags = query->head[2] & 0x02 ? LLM_SLO_DNS_TRUNCATED : 0;
	}
	tell_query(key, query, now, rcode, flags);
	return 1;
}

/* A function that is checked apart from its callers, for which the kernel must have BTF. */
#ifdef LLM_SLO_PLAIN
#define CHECKED_APART static __attribute__((noinline))
#else
#define CHECKED_APART __attribute__((noinline))
#endif

/*
 * Looks at one message of `length` bytes: at offset `at` of the packet, or gathered. Returns 0 when it can be none. A function of its
 * own to the verifier, which then looks at it once, however many messages a packet may hold.
 */
CHECKED_APART int dns_message(struct __sk_buff *skb, __u32 at, __u32 length, int how)
{
	struct packet p = {};
	struct dns_key key = {};
	__u8 head[4] = {};

	if (length < DNS_HEADER || !read_packet(skb, &p))
		return 0;
	if (how & DNS_GATHERED) {
		const __u8 *gathered = gathered_head(skb, how);

		if (!gathered)
			return 0;
		__builtin_memcpy(head, gathered, 4);
	} else if (bpf_skb_load_bytes(skb, at, head, 4)) {
		return 0;
	}
	if (!(how & DNS_EGRESS) != !!(head[2] & 0x80))
		return 0;
	key.cookie = bpf_get_socket_cookie(skb);
	key.query_id = (head[0] << 8) | head[1];
	return how & DNS_EGRESS ? on_query(skb, &p, at, length, how, &key) : on_answer(skb, &p, at, length, how, &key);
}

#endif
