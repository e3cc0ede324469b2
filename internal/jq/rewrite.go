package jq

import (
	"slices"
	"strconv"
	"strings"

	"github.com/itchyny/gojq"
)

// rewriter checks a program, and puts guards in place of functions and operators.
type rewriter struct {
	program *Program
	defined []string // the functions in scope, as name/arity
	faults  Faults
}

// forbidden are functions that a program cannot use, with the reason.
var forbidden = [...]struct{ name, reason string }{
	{"input", "reads another record; a program sees one"},
	{"inputs", "reads other records; a program sees one"},
	{"env", "reads the environment of the function, which may hold secrets"},
	{"$ENV", "reads the environment of the function, which may hold secrets"},
	{"now", "is the time, and a record that is sent again must have the same result; use $arrived"},
	{"localtime", "depends on the time zone of the machine; use gmtime"},
	{"strflocaltime", "depends on the time zone of the machine; use strftime"},
	{"halt", "ends the program; use empty or error"},
	{"halt_error", "ends the program; use error"},
	{"debug", "writes to a terminal"},
	{"stderr", "writes to a terminal"},
	{"modulemeta", "reads a module"},
	{"get_search_list", "reads a module"},
	{"input_filename", "reads a file"},
	{"input_line_number", "reads a file"},
	{"builtins", "is not available here"},
	{"jn", "is not available here"},
	{"yn", "is not available here"},
}

func (w *rewriter) fault(word, format string, args ...any) {
	w.faults = append(w.faults, faultAt(w.program.text, find(w.program.text, word), format, args...))
}

// isDefined reports whether the program defines a function in this scope.
func (w *rewriter) isDefined(name string, arity int) bool {
	return slices.Contains(w.defined, name+"/"+strconv.Itoa(arity))
}

// query rewrites a query. grows says that it names places to write to, so that it makes
// lists longer.
func (w *rewriter) query(q *gojq.Query, grows bool) {
	if q == nil {
		return
	}
	for _, i := range q.Imports {
		word := "import"
		if i.IncludePath != "" {
			word = "include"
		}
		w.fault(word, "%s reads a module, and a program cannot; write its functions here", word)
	}
	if q.Meta != nil {
		w.fault("module", "a program cannot be a module; remove the directive")
	}
	scope := len(w.defined)
	for _, def := range q.FuncDefs {
		w.defined = append(w.defined, def.Name+"/"+strconv.Itoa(len(def.Args)))
		inner := len(w.defined)
		for _, arg := range def.Args {
			w.defined = append(w.defined, strings.TrimPrefix(arg, "$")+"/0")
		}
		w.query(def.Body, true)
		w.defined = w.defined[:inner]
	}
	if q.Term != nil {
		w.term(q.Term, grows)
	} else {
		w.operator(q, grows)
	}
	w.defined = w.defined[:scope]
}

func (w *rewriter) operator(q *gojq.Query, grows bool) {
	w.patterns(q.Patterns)
	switch q.Op {
	case 0: // nothing but a comment
		w.faults = append(w.faults, faultAt(w.program.text, len(w.program.text), "%s", endsEarly))
	case gojq.OpPipe, gojq.OpComma, gojq.OpAlt:
		w.query(q.Left, grows && len(q.Patterns) == 0)
		w.query(q.Right, grows)
	case gojq.OpAssign, gojq.OpModify, gojq.OpUpdateAlt:
		w.query(q.Left, true)
		w.query(q.Right, false)
	case gojq.OpUpdateAdd, gojq.OpUpdateSub, gojq.OpUpdateMul, gojq.OpUpdateDiv, gojq.OpUpdateMod:
		w.query(q.Left, true)
		w.query(q.Right, false)
		// a += b is b as $x | a |= . + $x.
		const value = "$%value"
		plus := strings.TrimSuffix(q.Op.String(), "=")
		modify := &gojq.Query{Left: q.Left, Op: gojq.OpModify, Right: call("%"+plus, identity(), call(value))}
		q.Left, q.Op, q.Right, q.Patterns = q.Right, gojq.OpPipe, modify, []*gojq.Pattern{{Name: value}}
	case gojq.OpAnd, gojq.OpOr:
		w.query(q.Left, false)
		w.query(q.Right, false)
	default:
		w.query(q.Left, false)
		w.query(q.Right, false)
		if compares(q.Op) && (isScalar(q.Left) || isScalar(q.Right)) {
			return
		}
		q.Term = call("%"+q.Op.String(), q.Left, q.Right).Term
		q.Left, q.Right, q.Op = nil, nil, 0
	}
}

func (w *rewriter) term(t *gojq.Term, grows bool) {
	switch t.Type {
	case gojq.TermTypeIndex:
		w.index(t.Index, grows)
	case gojq.TermTypeFunc:
		w.function(t, grows)
	case gojq.TermTypeObject:
		w.object(t.Object)
	case gojq.TermTypeArray:
		w.query(t.Array.Query, false)
	case gojq.TermTypeUnary:
		w.term(t.Unary.Term, false)
	case gojq.TermTypeFormat, gojq.TermTypeString:
		w.text(t)
	case gojq.TermTypeIf:
		w.query(t.If.Cond, false)
		w.query(t.If.Then, grows)
		for _, e := range t.If.Elif {
			w.query(e.Cond, false)
			w.query(e.Then, grows)
		}
		w.query(t.If.Else, grows)
	case gojq.TermTypeTry:
		w.query(t.Try.Body, grows)
		w.query(t.Try.Catch, grows)
	case gojq.TermTypeReduce:
		r := t.Reduce
		w.query(r.Query, false)
		w.patterns(r.Patterns)
		w.query(r.Start, grows)
		w.query(r.Update, grows)
	case gojq.TermTypeForeach:
		f := t.Foreach
		w.query(f.Query, false)
		w.patterns(f.Patterns)
		w.query(f.Start, grows)
		w.query(f.Update, grows)
		w.query(f.Extract, grows)
	case gojq.TermTypeLabel:
		w.query(t.Label.Body, grows)
	case gojq.TermTypeQuery:
		w.query(t.Query, grows)
	default: // a literal, . or ..
	}
	for _, s := range t.SuffixList {
		if s.Index != nil {
			w.index(s.Index, grows)
		}
	}
}

// index rewrites .[i] and slices.
func (w *rewriter) index(x *gojq.Index, grows bool) {
	w.query(x.Start, false)
	w.query(x.End, false)
	if x.Str != nil && x.Str.Queries != nil {
		x.Start, x.Str = w.interpolated(x.Str, "%tostring"), nil
	}
	if x.Start == nil || x.IsSlice || isShort(x.Start) {
		return
	}
	step := "%step"
	if grows {
		step = "%newstep"
	}
	x.Start = pipe(x.Start, call(step))
}

func (w *rewriter) object(o *gojq.Object) {
	for _, kv := range o.KeyVals {
		if strings.HasPrefix(kv.Key, "$") {
			w.variable(kv.Key)
		}
		w.query(kv.KeyQuery, false)
		w.query(kv.Val, false)
		if kv.KeyString != nil && kv.KeyString.Queries != nil {
			kv.KeyQuery = w.interpolated(kv.KeyString, "%tostring")
			kv.KeyString = nil
			if kv.Val == nil { // {"\(x)"} is {(x): .[x]}
				kv.Val = &gojq.Query{Term: &gojq.Term{Type: gojq.TermTypeIndex, Index: &gojq.Index{Start: kv.KeyQuery}}}
			}
		}
	}
}

func (w *rewriter) patterns(all []*gojq.Pattern) {
	for _, p := range all {
		w.patterns(p.Array)
		for _, o := range p.Object {
			w.query(o.KeyQuery, false)
			if o.KeyString != nil && o.KeyString.Queries != nil {
				o.KeyQuery, o.KeyString = w.interpolated(o.KeyString, "%tostring"), nil
			}
			if o.Val != nil {
				w.patterns([]*gojq.Pattern{o.Val})
			}
		}
	}
}

// text rewrites a string, or a format with or without one.
func (w *rewriter) text(t *gojq.Term) {
	format := "%tostring"
	if t.Type == gojq.TermTypeFormat {
		name := formatOf(t.Format)
		if name == "" {
			w.fault(t.Format, "there is no format %s", t.Format)
			return
		}
		format = "%" + name
	}
	switch {
	case t.Str == nil:
		become(t, call(format))
	case t.Str.Queries != nil:
		become(t, w.interpolated(t.Str, format))
	}
}

// formatOf returns gojq's function for a format such as @json, or "".
func formatOf(format string) string {
	switch format {
	case "@text":
		return "tostring"
	case "@json":
		return "tojson"
	case "@html", "@uri", "@urid", "@csv", "@tsv", "@sh", "@base64", "@base64d":
		return "_to" + format[1:]
	}
	return ""
}

// interpolated returns the sum of the parts of a string, which a guard counts.
func (w *rewriter) interpolated(s *gojq.String, format string) *gojq.Query {
	var sum *gojq.Query
	for _, q := range s.Queries {
		part := q
		if q.Term == nil || q.Term.Str == nil || q.Term.Type != gojq.TermTypeString {
			w.query(q, false)
			part = pipe(q, call(format))
		}
		if sum == nil {
			sum = part
		} else {
			sum = call("%+", sum, part)
		}
	}
	return sum
}

// variable notes the use of a variable.
func (w *rewriter) variable(name string) {
	for i, v := range variables {
		if v == name {
			w.program.uses[i] = true
		}
	}
	if name == "$ENV" {
		w.forbid(name)
	}
}

// forbid adds a fault if a program cannot use a function.
func (w *rewriter) forbid(name string) bool {
	for _, f := range forbidden {
		if f.name == name {
			w.fault(name, "%s %s", name, f.reason)
			return true
		}
	}
	return false
}
