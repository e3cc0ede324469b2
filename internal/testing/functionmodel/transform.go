package functionmodel

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"fanout/sinks"
)

// program is the jq program of a target. What it does with a record depends on the name of the
// user record in it.
type program struct {
	several bool // it makes two records of some
	none    bool // it makes none of some
	fails   bool // it fails on some
	wraps   bool // results are objects that it makes

	// Sabotages.
	swallows bool // it makes no record of those that it should fail on
	spreads  bool // it fails on others too
	always   bool // it makes two records of each
}

// The ends of names on which programs do something else than pass the record on.
var (
	toSeveral = []string{"0.0)", "1.0)", "2.0)", "0.1)", "2.1)", "4.1)"}
	toNone    = []string{"3.0)", "4.0)", "3.1)"}
	toFailure = []string{"5.0)", "5.1)", "0.2)"}
)

// text returns the program in jq. Data that is not text becomes an object of its base64.
func (p program) text() string {
	ends := func(of []string) string { return `"` + strings.Join(of, `", "`) + `"` }
	body := `$v`
	second := `($v | walk(if type == "string" then split(")") | join("b)") else . end))`
	switch {
	case p.always:
		body += ", " + second
	case p.several:
		body = fmt.Sprintf(`$v, (if hit(%s) then %s else empty end)`, ends(toSeveral), second)
	}
	if p.none {
		body = fmt.Sprintf("if hit(%s) then empty else %s end", ends(toNone), body)
	}
	switch failing := ends(toFailure); {
	case p.swallows:
		body = fmt.Sprintf("if hit(%s) then empty else %s end", failing, body)
	case p.fails:
		if p.spreads {
			failing = `".0)", ".1)"`
		}
		body = fmt.Sprintf(`if hit(%s) then error("the model's") else %s end`, failing, body)
	}
	if p.wraps {
		body = fmt.Sprintf("(%s) | {was: .}", body)
	}
	return `(if . == null then {"$base64": $base64} else . end) as $v | ($v | tostring) as $s |
		def hit(f): any(f; . as $end | $s | contains($end)); ` + body
}

// placeBits is how far the place of a user record is shifted to make room for places of results.
const placeBits = 24

// transformed returns what the program of t makes of a part.
func (t *modelTarget) transformed(p part) []part {
	if t.spec.Transform == "" {
		return []part{p}
	}
	input := p
	p.sub <<= placeBits
	value := p.data // in JSON
	hits := func(ends []string) bool {
		return slices.ContainsFunc(ends, func(end string) bool { return strings.Contains(value, end) })
	}
	switch {
	case json.Valid([]byte(p.data)):
		value = sorted(p.data)
	case utf8.ValidString(p.data):
		value = fmt.Sprintf("%q", p.data)
	default:
		value = `{"$base64":"` + base64.StdEncoding.EncodeToString([]byte(p.data)) + `"}`
	}
	switch {
	case t.program.fails && hits(toFailure):
		p.data, p.end = input.data, fails
		return []part{p}
	case t.program.none && hits(toNone):
		p.end = filtered
		return []part{p}
	}
	p.data = t.result(value)
	if !t.program.several || !hits(toSeveral) {
		return []part{p}
	}
	other := p
	other.data, other.names, other.sub = t.result(strings.ReplaceAll(value, ")", "b)")), []string{second(p.names[0])}, p.sub+1
	return []part{p, other}
}

// second returns the name that the second result of a program has instead of the first one's.
func second(name string) string { return strings.TrimSuffix(name, ")") + "b)" }

// result returns a result in the form that t asks for.
func (t *modelTarget) result(value string) string {
	var text string
	switch {
	case t.program.wraps:
		return `{"was":` + value + `}`
	case t.spec.TransformOutput == "text" && json.Unmarshal([]byte(value), &text) == nil:
		return text
	}
	return value
}

// sorted returns JSON as jq writes it: the members of objects are sorted.
func sorted(text string) string {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return err.Error()
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return err.Error()
	}
	line, _ := io.ReadAll(&b)
	return strings.TrimSuffix(string(line), "\n")
}

// programs returns all programs that targets may have.
func programs() (all []program) {
	for n := range 16 {
		all = append(all, program{several: n&1 > 0, none: n&2 > 0, fails: n&4 > 0, wraps: n&8 > 0})
	}
	return all
}

// programOf returns the program of a target.
func programOf(t *sinks.Spec) program {
	for _, p := range programs() {
		if p.text() == t.Transform {
			return p
		}
	}
	return program{}
}

// spoil returns the text of a sabotaged program in place of that of a target.
func (s *Sabotage) spoil(t *sinks.Spec) string {
	if s.Untransformed {
		return ""
	}
	p := programOf(t)
	p.several, p.none = p.several && !s.FirstResult, p.none && !s.Unselective
	p.swallows, p.spreads = p.fails && s.Swallow, s.Spread
	p.always = s.Invent && t.Collapse != sinks.CollapseNone
	return p.text()
}

// overtakes reports whether a target with a program that fails is to keep no order.
func (s *Sabotage) overtakes(t *sinks.Spec) bool { return s.Overtake && programOf(t).fails }
