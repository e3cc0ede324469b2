// Package redrive reads envelopes from files and queues, and sees to it that what was
// not delivered stays where it is.
package redrive

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"slices"

	"fanout/lambda/envelope"
)

// Letter is an envelope, or why what stands in its place is none.
type Letter struct {
	envelope.Envelope
	Err  error
	Line int // of the file; 0 in a queue

	Done bool // it was delivered, or taken by its target's onFailure
}

// ReadFile returns the letters of a file: JSON values one after another, by lines or
// not, each an envelope or what a target of fanout or AWS made of one (see parse).
// A line that is not JSON is a letter that cannot be read. A byte order mark at the
// start of the file is skipped.
func ReadFile(data []byte) (all []Letter) {
	data = bytes.TrimPrefix(data, []byte("\uFEFF"))
	at, line := 0, 1
	advance := func(to int) {
		line += bytes.Count(data[at:to], []byte("\n"))
		at = to
	}
	for {
		d := json.NewDecoder(bytes.NewReader(data[at:]))
		begin, end := at, at
		for {
			var v json.RawMessage
			err := d.Decode(&v)
			if errors.Is(err, io.EOF) {
				return all
			}
			if err != nil {
				break
			}
			end = begin + int(d.InputOffset())
			advance(end - len(v))
			for _, l := range parse(v, 0) {
				l.Line = line
				all = append(all, l)
			}
		}
		advance(len(data) - len(bytes.TrimLeft(data[end:], " \t\r\n")))
		all = append(all, Letter{Line: line, Err: errors.New("it is not JSON")})
		next := bytes.IndexByte(data[at:], '\n')
		if next < 0 {
			return all
		}
		advance(at + next)
	}
}

// maxWraps bounds how deep envelopes are wrapped: by a notification in an event in a
// file, say.
const maxWraps = 8

// parse returns the letters of a JSON value:
//
//	{"fanout":1, …}                            an envelope
//	{"Records":[…]}                            several, as an event or a collapsed message has them
//	{"Type":"Notification","Message":"…"}      what SNS leaves in a queue (SNS guide, Raw message delivery)
//	{"data":"…"} or {"data64":"…"}             a line of a target of type file
//	{"Body":"…"}, {"body":"…"}, {"Messages":[…]}  messages as SQS's API and Lambda's events have them
func parse(value []byte, depth int) []Letter {
	var v struct {
		Version  *json.RawMessage `json:"fanout"`
		Records  []json.RawMessage
		Messages []json.RawMessage
		Type     string
		Message  string
		Body     string
		Data     *string `json:"data"`
		Data64   []byte  `json:"data64"`
	}
	if depth > maxWraps {
		return []Letter{{Err: errors.New("it is not an envelope, but wrapped too deeply to be one")}}
	}
	list := func(values []json.RawMessage) (all []Letter) {
		for _, r := range values {
			all = append(all, parse(r, depth+1)...)
		}
		if len(all) == 0 {
			all = []Letter{{Err: errors.New("it is not an envelope, but an empty list")}}
		}
		return all
	}
	err := json.Unmarshal(value, &v)
	switch {
	case v.Version != nil:
	case err != nil:
	case v.Records != nil:
		return list(v.Records)
	case v.Messages != nil:
		return list(v.Messages)
	case v.Type == "Notification":
		return text(v.Message, depth+1)
	case v.Body != "":
		return text(v.Body, depth+1)
	case len(v.Data64) > 0:
		return parse(v.Data64, depth+1)
	case v.Data != nil:
		return parse([]byte(*v.Data), depth+1)
	}
	e, err := envelope.Parse(value)
	return []Letter{{Envelope: e, Err: err}}
}

// text returns the letters of a message's text, which may be base64: what a message
// could not hold travels so, and says so in an attribute (see sinks.SQS). JSON of an
// object is never base64 too.
func text(s string, depth int) []Letter {
	if raw, err := base64.StdEncoding.DecodeString(s); err == nil {
		return parse(raw, depth)
	}
	return parse([]byte(s), depth)
}

// Only says which letters are wanted, and where they go.
type Only struct {
	Source string // ARN; "": of any
	Target string // id; "": to any
	To     string // id of the target to deliver to; "": its own
}

// Wants reports whether l is wanted. What cannot be read may be.
func (o Only) Wants(l *Letter) bool {
	return l.Err != nil || (o.Source == "" || l.Source == o.Source) && (o.Target == "" || l.Target == o.Target)
}

// Group is the letters to one target, in the order in which it should get them.
type Group struct {
	Source, Target string
	Letters        []*Letter
}

// Groups groups letters by where they go, in order of source and target, and puts those
// of each shard in order.
func (o Only) Groups(letters []*Letter) (all []*Group) {
	type key struct{ source, target string }
	groups := make(map[key]*Group)
	for _, l := range letters {
		k := key{l.Source, l.Target}
		if o.To != "" {
			k.target = o.To
		}
		if groups[k] == nil {
			groups[k] = &Group{Source: k.source, Target: k.target}
			all = append(all, groups[k])
		}
		groups[k].Letters = append(groups[k].Letters, l)
	}
	slices.SortFunc(all, func(a, b *Group) int { return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Target, b.Target)) })
	for _, g := range all {
		slices.SortStableFunc(g.Letters, func(a, b *Letter) int { return envelope.Compare(&a.Envelope, &b.Envelope) })
	}
	return all
}
