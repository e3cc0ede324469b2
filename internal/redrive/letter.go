// Package redrive reads envelopes from files and queues, and delivers them again. Envelopes
// that are not delivered stay in place.
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

// Letter is an envelope, or the error of an item that is not one.
type Letter struct {
	envelope.Envelope
	Err  error
	Line int // in the file; 0 in a queue

	Done bool // delivered, or taken by the target's onFailure
}

// ReadFile returns the letters of a file. The file holds JSON values, one a line or
// not. Each value is an envelope, or one that a target of fanout or AWS has wrapped
// (see parse). A line that is not JSON is a letter that cannot be read. A byte
// order mark at the start of the file is skipped.
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

// maxWraps bounds how deep envelopes are wrapped: for example, by a notification in
// an event in a file.
const maxWraps = 8

// parse returns the letters of a JSON value:
//
//	{"fanout":1, …}                            an envelope
//	{"Records":[…]}                            several, from an event or a collapsed message
//	{"Type":"Notification","Message":"…"}      from SNS in a queue (SNS guide, Raw message delivery)
//	{"data":"…"} or {"data64":"…"}             a line of a target of type file
//	{"Body":"…"}, {"body":"…"}, {"Messages":[…]}  messages of SQS's API and Lambda's events
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
		return []Letter{{Err: errors.New("it is not an envelope: it is nested too deeply")}}
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

// text returns the letters of a message's text. The text may be base64: data that a
// message cannot hold is sent that way, and an attribute marks it.
// A JSON object is never valid base64.
func text(s string, depth int) []Letter {
	if raw, err := base64.StdEncoding.DecodeString(s); err == nil {
		return parse(raw, depth)
	}
	return parse([]byte(s), depth)
}

// Only selects letters, and sets their target.
type Only struct {
	Source string // ARN; "": any
	Target string // id; "": any
	To     string // id of the target to deliver to; "": the letter's own
}

// Wants reports whether l is selected. Unreadable letters are, because they may
// match.
func (o Only) Wants(l *Letter) bool {
	return l.Err != nil || (o.Source == "" || l.Source == o.Source) && (o.Target == "" || l.Target == o.Target)
}

// Group holds the letters to one target, in delivery order.
type Group struct {
	Source, Target string
	Letters        []*Letter
}

// Groups groups letters by destination, ordered by source and target. It sorts the
// letters of each shard.
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
