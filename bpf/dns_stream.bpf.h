/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* DNS over TCP: messages behind a length of two bytes each, several in a segment or one in several. */
#ifndef DNS_STREAM_BPF_H
#define DNS_STREAM_BPF_H

#include "dns_message.bpf.h"

/* Messages looked at in one segment (up to 64 kB of them). */
#define DNS_MESSAGES 256
#define TCP_ENDS (TCP_FLAG_FIN | TCP_FLAG_RST)

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct dns_stream);
} dns_stream_blank SEC(".maps");

static __always_inline struct dns_stream *new_stream(struct dns_stream_key *key)
{
	__u32 zero = 0;
	struct dns_stream *stream = bpf_map_lookup_elem(&dns_stream_blank, &zero);

	if (!stream || bpf_map_update_elem(&dns_streams, key, stream, BPF_NOEXIST)) {
		count_untracked(LLM_SLO_DNS);
		return 0;
	}
	return bpf_map_lookup_elem(&dns_streams, key);
}

/* Adds bytes from the packet until `want` are there; moves `at`. 1 when they are. */
static __always_inline int gather(struct __sk_buff *skb, struct dns_stream *stream, __u32 want, __u32 *at, __u32 end)
{
	__u64 have = stream->have, bytes, last;

	if (have >= want)
		return 1;
	bytes = want - have;
	if (bytes > end - *at)
		bytes = end - *at;
	last = bytes - 1; /* older verifiers learn nothing from "is not 0" */
	IN_ONE_REGISTER(have);
	IN_ONE_REGISTER(last);
	if (have > DNS_GATHER || last >= DNS_GATHER)
		return 0;
	if (bpf_skb_load_bytes(skb, *at, stream->prefix + have, last + 1))
		return 0;
	stream->have = have + bytes;
	*at += bytes;
	return have + bytes >= want;
}

/* Goes on with the message that an earlier segment began. 0 when it goes on beyond this one. */
static __always_inline int go_on(struct __sk_buff *skb, struct dns_stream *stream, __u32 *at, __u32 end, int how)
{
	__u32 length, bytes;

	if (stream->have) {
		if (!gather(skb, stream, DNS_PREFIX, at, end))
			return 0;
		length = (stream->prefix[0] << 8) | stream->prefix[1];
		bytes = length > DNS_HEAD ? DNS_HEAD : length;
		if (!gather(skb, stream, DNS_PREFIX + bytes, at, end))
			return 0;
		dns_message(skb, 0, length, how | DNS_GATHERED);
		stream->skip = length - bytes;
		stream->have = 0;
	}
	bytes = stream->skip;
	if (bytes > end - *at)
		bytes = end - *at;
	stream->skip -= bytes;
	*at += bytes;
	return stream->skip == 0;
}

/*
 * Whole messages, one after the other. Returns where the next one begins, which may be beyond this segment, or 0: these are none.
 * A function of its own to the verifier, like dns_message.
 */
__attribute__((noinline)) int dns_whole_messages(struct __sk_buff *skb, __u32 at, __u32 end, int how)
{
	for (int i = 0; i < DNS_MESSAGES; i++) {
		__u8 prefix[DNS_PREFIX];
		__u32 length, bytes;

		if (at + DNS_PREFIX > end || bpf_skb_load_bytes(skb, at, prefix, DNS_PREFIX))
			return at;
		length = (prefix[0] << 8) | prefix[1];
		bytes = length > DNS_HEAD ? DNS_HEAD : length;
		if (length < DNS_HEADER)
			return 0;
		if (at + DNS_PREFIX + bytes > end)
			return at;
		if (!dns_message(skb, at + DNS_PREFIX, length, how))
			return 0;
		at += DNS_PREFIX + length;
	}
	return 0;
}

/* Remembers what the next segment must go on with. */
static __always_inline void keep_rest(struct __sk_buff *skb, struct dns_stream *stream, __u32 at, __u32 end)
{
	stream->have = 0;
	stream->skip = at > end ? at - end : 0;
	if (at < end)
		gather(skb, stream, DNS_GATHER, &at, end);
}

static __always_inline void dns_segment(struct __sk_buff *skb, struct packet *p, int how)
{
	struct dns_stream_key key = {};
	struct dns_stream *stream = find_stream(skb, how, &key);
	__u32 at = p->payload, end = p->payload + p->length;
	__u32 sequence = p->sequence + (p->tcp_flags & TCP_FLAG_SYN ? 1 : 0), next = sequence + p->length;

	if (stream) {
		__s32 before = stream->next - sequence;

		stream->ns = bpf_ktime_get_ns();
		if (!p->length)
			return;
		if (before >= 0 && stream->next) {
			if (before >= (__s32)p->length)
				return; /* all of it was here before */
			at += before;
			stream->next = next;
			if (!go_on(skb, stream, &at, end, how))
				return;
		} /* else something is missing before it: it may begin with a message all the same */
	}
	if (at < end)
		at = dns_whole_messages(skb, at, end, how);
	if (at == 0)
		at = end; /* no DNS: not to be gone on with */
	if (!stream && at != end)
		stream = new_stream(&key);
	if (!stream)
		return;
	stream->ns = bpf_ktime_get_ns();
	stream->next = next;
	keep_rest(skb, stream, at, end);
}

/* The SYN, or what first goes out on a connection older than the probe, leaves in its owner's context. */
static __always_inline void own_stream(struct __sk_buff *skb)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct dns_stream_key key = {};
	struct dns_stream *stream = find_stream(skb, DNS_EGRESS, &key);

	if (!stream)
		stream = new_stream(&key);
	else
		return;
	if (!stream)
		return;
	stream->ns = bpf_ktime_get_ns();
	if (is_target(task))
		fill_owner(&stream->owner, task);
}

static __always_inline void dns_tcp(struct __sk_buff *skb, struct packet *p, int how)
{
	struct dns_stream_key key = {};

	if (how & DNS_EGRESS) {
		struct bpf_sock *sk = skb->sk;
		struct bpf_tcp_sock *tcp = sk ? bpf_tcp_sock(sk) : 0;

		if (tcp && (__s32)(p->sequence - tcp->snd_nxt) < 0 && p->length)
			return; /* sent again */
		if (p->length || p->tcp_flags & TCP_FLAG_SYN)
			own_stream(skb);
	}
	if (p->length)
		dns_segment(skb, p, how);
	if (p->tcp_flags & TCP_ENDS) {
		find_stream(skb, how, &key);
		bpf_map_delete_elem(&dns_streams, &key);
	}
}

#endif
