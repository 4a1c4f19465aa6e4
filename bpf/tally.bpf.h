/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Occurrences that are too many to be told one by one: a histogram for each process and thing, cumulative, read by user space. */
#ifndef TALLY_BPF_H
#define TALLY_BPF_H

#include "probe.bpf.h"

#define MAX_TALLIES 4096

/* An entry is taken out by user space when its process is gone. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_TALLIES);
	__type(key, struct llm_slo_tally_key);
	__type(value, struct llm_slo_tally);
} tallies SEC(".maps");

/* A tally of nothing: it is too large for the stack. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct llm_slo_tally);
} no_tally SEC(".maps");

/* Below 1024 ns, then four to each doubling. */
static __always_inline __u32 tally_bucket(__u64 ns)
{
	__u32 log = 0, bucket;
	__u64 rest = ns;

	if (ns < 1024)
		return 0;
	if (rest >> 32) { rest >>= 32; log += 32; }
	if (rest >> 16) { rest >>= 16; log += 16; }
	if (rest >> 8) { rest >>= 8; log += 8; }
	if (rest >> 4) { rest >>= 4; log += 4; }
	if (rest >> 2) { rest >>= 2; log += 2; }
	if (rest >> 1) log += 1;
	bucket = ((log - 10) << 2 | (ns >> (log - 2) & 3)) + 1;
	return bucket < LLM_SLO_TALLY_BUCKETS ? bucket : LLM_SLO_TALLY_BUCKETS - 1;
}

static __always_inline void count_in_tally(struct llm_slo_tally *tally, __u64 now, __u64 ns, __u64 bytes)
{
	__u32 bucket = tally_bucket(ns);

	tally->header.ts_ns = now;
	__sync_fetch_and_add(&tally->sum_ns, ns);
	if (bytes)
		__sync_fetch_and_add(&tally->bytes, bytes);
	if (bucket < LLM_SLO_TALLY_BUCKETS)
		__sync_fetch_and_add(&tally->counts[bucket], 1);
}

/* Begins the tally of a process and a thing. `owner` has its pid, cgroup and name filled. */
static __always_inline struct llm_slo_tally *new_tally(const struct llm_slo_event *owner, const struct llm_slo_tally_key *key)
{
	struct llm_slo_tally *tally, *none;
	__u32 zero = 0;

	none = bpf_map_lookup_elem(&no_tally, &zero);
	if (none)
		bpf_map_update_elem(&tallies, key, none, BPF_NOEXIST);
	tally = bpf_map_lookup_elem(&tallies, key);
	if (!tally) {
		count_untracked(key->kind);
		return tally;
	}
	tally->header = *owner;
	tally->header.tid = 0;
	tally->header.netns = 0;
	tally->header.flags = key->kind;
	tally->what = key->what;
	tally->where = key->where;
	tally->header.kind = LLM_SLO_TALLY; /* last: an entry without it is not ready */
	return tally;
}

#endif
