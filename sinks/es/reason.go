package es

import (
	"cmp"
	"encoding/json"
	"strings"

	"fanout/engine"
	"fanout/internal/jq"
	"fanout/sinks/internal/classify"
)

// reason is the error of a request or an action. A reason may quote the document.
type reason struct {
	Type, Reason, Index string

	Cause struct{ Type, Reason string } `json:"caused_by"`
}

// UnmarshalJSON accepts errors of any form. An error without a type gets a blank type.
func (e *reason) UnmarshalJSON(b []byte) error {
	type plain reason
	if string(b) != "null" && (json.Unmarshal(b, (*plain)(e)) != nil || e.Type == "") {
		e.Type = " "
	}
	return nil
}

var (
	// The index is read-only, usually because a disk is full, until there is room.
	blocked = classify.Verdict{Class: engine.Throttled, Why: "the index accepts no writes for now"}

	// Old indexes are deleted, or the limit is raised.
	crowded = classify.Verdict{Class: engine.Throttled, Why: "the cluster has reached its limit of open shards: delete indexes, or raise cluster.max_shards_per_node"}

	// An index is closed to change its settings or to restore it, and opens again.
	closed = classify.Verdict{Class: engine.Retryable, Why: "the index is closed: open it"}

	// A node takes over in seconds.
	leaderless = classify.Verdict{Class: engine.Retryable, Why: "the cluster has no elected master for now"}

	// Another writer changed the document at the same time.
	contested = classify.Verdict{Class: engine.Retryable, Why: "another request was changing the document"}

	// Collections of type time series and vector search take no ids.
	idless = classify.Verdict{Class: engine.Permanent, Why: "the collection does not support document ids: use a collection of type search"}

	// Elasticsearch 8, OpenSearch 2 and later.
	typeless = classify.Verdict{Class: engine.Permanent, Why: "the cluster does not support mapping types: remove the type from the destination"}

	// Elasticsearch 6 and 7, OpenSearch 1: an index has one type.
	mistyped = classify.Verdict{Class: engine.Permanent, Why: "the index has another mapping type: correct the type in the destination, or remove it"}

	// The alias has several indexes, or someone rolled it over by hand.
	unwritable = classify.Verdict{Class: engine.Permanent, Why: "the alias has no index to write to: set is_write_index for one of its indexes"}

	// Data streams only take documents that do not change.
	appended = classify.Verdict{Class: engine.Permanent, Why: "a data stream accepts only new documents: name an index or alias for items that change"}

	// A mapping grows with each new field of a document.
	overgrown = classify.Verdict{Class: engine.Permanent, Why: "the index has reached its limit of fields: raise index.mapping.total_fields.limit, or map the documents' objects as flattened"}
)

// verdictsByType are error types whose status alone would mislead: the state passes, but some
// have status 400 or 403. They are the names of classes in Elasticsearch (server,
// ElasticsearchException) and OpenSearch, which dropped "es_".
var verdictsByType = map[string]classify.Verdict{
	"cluster_block_exception":                  blocked,            // 403 or 429: a disk is full, or a user made it read-only; 503: the cluster is starting
	"index_create_block_exception":             blocked,            // 403: no new index while disks are full
	"es_rejected_execution_exception":          classify.Throttled, // a queue of a node is full
	"rejected_execution_exception":             classify.Throttled, // the same
	"circuit_breaking_exception":               classify.Throttled, // the memory of a node is full
	"index_closed_exception":                   closed,             // 400
	"snapshot_in_progress_exception":           classify.NotReady,  // 400: the index cannot change during a snapshot
	"master_not_discovered_exception":          leaderless,         // an election is going on
	"cluster_manager_not_discovered_exception": leaderless,         // the same
	"process_cluster_event_timeout_exception":  leaderless,         // the master did not create an index or a mapping in time
	"version_conflict_engine_exception":        contested,
}

// verdictsByReason are errors that share their type with others. The start of the reason tells
// them apart.
var verdictsByReason = []struct {
	begins string
	classify.Verdict
}{
	{"Validation Failed: 1: this action would add [", crowded}, // 400, also for cluster.max_shards_per_node.frozen
	{"this action would add [", crowded},
	{"Document ID is not supported", idless},
	{"Action/metadata line [1] contains an unknown parameter [_type]", typeless},
	{"Rejecting mapping update to [", mistyped},
	{"Limit of total fields [", overgrown},
	{"no write index is defined for alias [", unwritable},
	{"only write ops with an op_type of create are allowed in data streams", appended},
}

// known returns the verdict if the error alone, without its status, decides it.
func (e *reason) known() (classify.Verdict, bool) {
	for _, r := range verdictsByReason {
		if strings.HasPrefix(e.Reason, r.begins) {
			return r.Verdict, true
		}
	}
	v, ok := verdictsByType[e.Type]
	return v, ok
}

// detail returns the parts of the error that cannot come from the document: the field,
// the index if it is not the sink's own, and the type of the cause. An index with places
// may come from the document.
func (e *reason) detail(index string) string {
	parts := make([]string, 0, 3)
	places := jq.IsTemplate(index)
	if place := cmp.Or(place(e.Reason), place(e.Cause.Reason)); place != "" && (!places || !strings.HasPrefix(place, "index ")) {
		parts = append(parts, place)
	}
	if name := properName(e.Index); name != "" && name != index && !places {
		parts = append(parts, "index "+name)
	}
	if cause := word(e.Cause.Type); cause != "" && cause != e.Type {
		parts = append(parts, cause)
	}
	return strings.Join(parts, ", ")
}

// namesInReasons are the forms of reasons that name a field or another cause: the text before
// the name and after it.
var namesInReasons = []struct{ is, before, behind string }{
	{"field", "failed to parse field [", "] of type ["},
	{"field", "object mapping for [", "] tried to parse field ["},
	{"field", "mapper [", "] cannot be changed from type ["},
	{"field", "mapper [", "] of different type"},
	{"field", "Could not dynamically add mapping for field [", "]. Existing mapping"},
	{"field", "mapping set to strict, dynamic introduction of [", "] within ["},
	{"field", `Document contains at least one immense term in field="`, `" (whose UTF`},
	{"field", "data stream timestamp field [", "] is missing"},
	{"index", "no such index [", "]"},
}

// place returns the field or object that a reason blames, or "" if it is not a known
// name.
func place(reason string) string {
	if position, rest, ok := strings.Cut(reason, "] "); ok && strings.Trim(position, "[0123456789:") == "" {
		reason = rest // version 8 puts line and column first
	}
	for _, f := range namesInReasons {
		rest, ok := strings.CutPrefix(reason, f.before)
		if !ok {
			continue
		}
		name, rest, ok := strings.Cut(rest, f.behind)
		if name = properName(name); !ok || name == "" {
			continue
		}
		if kind, _, ok := strings.Cut(rest, "]"); ok && f.behind == "] of type [" && word(kind) != "" {
			return f.is + " " + name + " of type " + kind
		}
		return f.is + " " + name
	}
	return ""
}

// properName returns the name of a field or index if it has only letters, digits and a
// few signs.
func properName(s string) string {
	const signs = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.@"
	if len(s) > 128 || strings.Trim(s, signs) != "" {
		return ""
	}
	return s
}

// word returns the type of an error if it is only a name.
func word(s string) string {
	if len(s) > 64 || strings.Trim(s, "abcdefghijklmnopqrstuvwxyz_") != "" {
		return ""
	}
	return s
}
