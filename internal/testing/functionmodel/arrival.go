package functionmodel

import (
	"encoding/base64"
	"regexp"
	"strings"

	"fanout/engine"
	"fanout/lambda/envelope"
	"fanout/lambda/event"
)

// account is the oracle's account of a target. User records are known by their name.
type account struct {
	arrivals     map[string]int      // how often a user record came, to the target or its onFailure
	firstPlace   map[string]int      // its place among the user records, in the order in which they first came to the target
	lastPlace    map[string]int      // the number of the arrival at the target that was its last
	firstWith    map[string][]string // the user records in the request of its first arrival at the target
	lastWith     map[string][]string // the same, of its last arrival
	total        int                 // arrivals at the target
	diverted     map[string]bool     // it came to onFailure
	acknowledged map[string]int      // the last round in which the service acknowledged it
	mayRepeat    map[string]int      // how many repeated arrivals have a good reason

	own            map[string]int                // how often the target itself took it
	seenIDs        map[string]string             // by id: what the service has, see sees
	refusedAsLarge map[string]bool               // the service refused it alone; once dropped, it may come out of order
	held           map[*sourceRecord]engine.Held // the records that the target has, as the function knows

	requests   map[string]int // by the first record: attempts
	faultRound int            // the last round in which a request met a fault
	hanging    int            // requests that ignore their deadline
}

func newAccount() account {
	return account{
		arrivals: map[string]int{}, firstPlace: map[string]int{}, lastPlace: map[string]int{}, firstWith: map[string][]string{}, lastWith: map[string][]string{}, diverted: map[string]bool{},
		acknowledged: map[string]int{}, mayRepeat: map[string]int{}, own: map[string]int{}, seenIDs: map[string]string{}, refusedAsLarge: map[string]bool{},
		held: map[*sourceRecord]engine.Held{}, requests: map[string]int{},
	}
}

// arrive notes a record that the service accepts, and judges its content. The function may not get
// the acknowledgment. Its error is that of a service that refuses r.
func (s *sink) arrive(r *engine.Record, q *request, acknowledged bool) error {
	t, with := s.target, q.names
	r = &s.resolved([]engine.Record{*r})[0] // a reader of aggregates gets them here
	owner, names := t, namesIn(string(r.Data.Bytes()))
	if isEnvelope(string(r.Data.Bytes())) {
		if owner, names = s.openEnvelope(r); owner == nil {
			return nil
		}
	} else {
		s.judgeNames(names)
		s.judgeData(r, names)
		s.judgeKey(r)
	}
	dropped, err := s.sees(r, q)
	if err != nil {
		return err
	}
	for _, name := range names {
		if acknowledged {
			owner.acknowledged[name] = s.round
		}
		switch {
		case dropped && owner == t:
			t.repeated(name, with)
			continue
		case dropped:
			continue
		case owner == t:
			t.arrived(name, with)
		default:
			owner.diverted[name] = true
		}
		owner.arrivals[name]++
		if !acknowledged {
			owner.mayRepeat[name]++
		}
	}
	return nil
}

// isEnvelope reports whether data is that of an envelope.
func isEnvelope(data string) bool { return strings.HasPrefix(data, `{"fanout":`) }

// arrived notes an arrival at the target itself, in a request with some user records.
func (a *account) arrived(name string, with []string) {
	a.total++
	a.own[name]++
	a.lastPlace[name], a.lastWith[name] = a.total, with
	if a.arrivals[name] == 0 {
		a.firstPlace[name], a.firstWith[name] = len(a.firstPlace), with
	}
}

// repeated notes an arrival that a service drops because it has seen the message. To a reader of
// merged messages, the records in it count as sent again: other messages may have carried the
// records before them.
func (t *modelTarget) repeated(name string, with []string) {
	if t.merges() && t.arrivals[name] > 0 {
		t.total++
		t.lastPlace[name], t.lastWith[name] = t.total, with
	}
}

// openEnvelope returns the target that an envelope comes from, and the user records in it. The
// target is nil if the envelope is wrong.
func (s *sink) openEnvelope(r *engine.Record) (owner *modelTarget, names []string) {
	s.Count("envelopes", 1)
	t := s.target
	e, err := envelope.Parse(r.Data.Bytes())
	if err != nil {
		s.Broken(intact, "target %s got an envelope that cannot be read: %v", t, err)
		return nil, nil
	}
	if owner = t.source.targets[e.Target]; owner == nil || owner.fallback() != t {
		s.Broken(intact, "target %s got an envelope of %s, and is not its onFailure", t, e.Target)
		return nil, nil
	}
	s.judgeDiversion(owner, &e)
	if names = namesIn(string(e.Data)); names != nil {
		s.judgeLetter(owner, &e, names)
		return owner, names
	}
	src := s.records[string(e.Event)]
	if src == nil {
		s.Broken(intact, "target %s got an envelope of no known record: %s", t, e.Event)
		return nil, nil
	}
	return owner, src.names()
}

// judgeNames checks that t is to have the user records in a record.
func (s *sink) judgeNames(names []string) {
	t := s.target
	for _, name := range names {
		src := s.names[name]
		if src == nil || t.part(src, name) == nil || t.part(src, name).end == fails {
			s.Broken(intact, "target %s got %s, which its stages do not make", t, name)
		}
	}
}

// judgeData judges a record that is not merged. names are the user records in it.
func (s *sink) judgeData(r *engine.Record, names []string) {
	t := s.target
	if t.merges() {
		return
	}
	if len(names) == 0 {
		s.Broken(intact, "target %s got data without a name: %q", t, r.Data.Bytes())
		return
	}
	src := s.names[names[0]]
	if src == nil || t.part(src, names[0]) == nil {
		return // see judgeNames
	}
	p, sub := t.part(src, names[0]), r.Sub
	if s.Flatten {
		sub = 0
	}
	data := s.uncompressed(r.Data.Bytes())
	if data != p.data {
		s.Broken(intact, "target %s got %q of record %s; want %q", t, data, r.Seq, p.data)
	}
	if sub != p.sub {
		s.Broken(intact, "target %s got %s of record %s with the place %d; want %d", t, names[0], r.Seq, sub, p.sub)
	}
	if t.spec.Key != "" && (src.source.kind == event.Kinesis || src.source.kind == event.Kafka || src.source.kind == event.SQS || p.key == "both") && r.Key != p.key {
		s.Broken(intact, "target %s got record %s with the key %q; want %q", t, r.Seq, r.Key, p.key)
	}
}

// uncompressed returns data that t gets, without the compression that t asks for.
func (s *sink) uncompressed(data []byte) string {
	t := s.target
	if t.spec.Compress == "" {
		return string(data)
	}
	plain, compressed := inflate(string(data))
	if !compressed {
		s.Broken(intact, "target %s got data that is not compressed", t)
	}
	return plain
}

// judgeKey checks that no other item has the key of r.
func (s *sink) judgeKey(r *engine.Record) {
	src := s.sourceOf(r)
	if src == nil || src.source.kind != event.DynamoDB || s.target.spec.Key != "" {
		return
	}
	if item, ok := s.items[r.Key]; ok && item != src.key {
		s.Broken(intact, "target %s got %q as the key of two items, %q and %q", s.target, r.Key, item, src.key)
	}
	s.items[strings.Clone(r.Key)] = src.key
}

// sourceOf returns the source record of r, or nil if r no longer has it.
func (w *world) sourceOf(r *engine.Record) *sourceRecord { return w.records[string(r.Raw)] }

// binary is a part of a merged message, or of an event, that is not text.
var binary = regexp.MustCompile(`"(?:\$base64|data_base64)":"([^"]*)"`)

// keyed are the attributes of an event that may have the name of its user record too.
var keyed = regexp.MustCompile(`"(?:subject|partitionkey)":"(?:[^"\\]|\\.)*",`)

// userName is the name of a user record, or of the second result that a program made of it.
var userName = regexp.MustCompile(`\([0-9]+\.[0-9]+\.[0-9]{5}\.[0-9]b?\)`)

// namesIn returns the names of the user records in data, in order. The data, or parts of it, may be
// compressed or in base64.
func namesIn(data string) (all []string) {
	if plain, compressed := inflate(data); compressed {
		return namesIn(plain)
	}
	data = binary.ReplaceAllStringFunc(data, func(part string) string {
		b, err := base64.StdEncoding.DecodeString(binary.FindStringSubmatch(part)[1])
		if err != nil {
			return part
		}
		return strings.Join(namesIn(string(b)), "")
	})
	data = keyed.ReplaceAllLiteralString(data, "")
	if all = userName.FindAllString(data, -1); all != nil {
		return all
	}
	for _, word := range strings.FieldsFunc(data, notBase64) {
		if b, err := base64.StdEncoding.DecodeString(word); err == nil && len(b) > 8 {
			all = append(all, namesIn(string(b))...)
		}
	}
	return all
}

// namesOf returns the names of the user records in a request.
func namesOf(batch []engine.Record) (all []string) {
	for i := range batch {
		all = append(all, namesIn(string(batch[i].Data.Bytes()))...)
	}
	return all
}

func notBase64(c rune) bool {
	return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '+' && c != '/' && c != '='
}
