package jq

import (
	"strings"

	"github.com/itchyny/gojq"
)

// function rewrites a variable, or the call of a function.
func (w *rewriter) function(t *gojq.Term, grows bool) {
	f := t.Func
	if strings.HasPrefix(f.Name, "$") {
		w.variable(f.Name)
		return
	}
	own := w.isDefined(f.Name, len(f.Args))
	for _, arg := range f.Args {
		w.query(arg, own || grows || f.Name == "pick")
	}
	switch {
	case own || w.forbid(f.Name):
	case strings.Contains(f.Name, "::"):
		w.fault(f.Name, "%s is in a module, and a program cannot read one; write the function here", f.Name)
	case strings.HasPrefix(f.Name, "_"):
		w.fault(f.Name, "there is no function %s", f.Name)
	case guardOf(f.Name, len(f.Args)) != "":
		f.Name = guardOf(f.Name, len(f.Args))
	default:
		w.builtin(t, f, grows)
	}
}

// builtin rewrites the call of a function that gojq defines in jq, if it uses functions
// that have guards.
func (w *rewriter) builtin(t *gojq.Term, f *gojq.Func, grows bool) {
	args := f.Args
	switch len(args) {
	case 1:
		switch f.Name {
		case "sort_by", "group_by", "unique_by", "min_by", "max_by":
			keys := pipe(&gojq.Query{Term: &gojq.Term{Type: gojq.TermTypeIdentity, SuffixList: []*gojq.Suffix{{Iter: true}}}}, list(args[0]))
			become(t, call("%_"+f.Name, list(keys)))
		case "add":
			become(t, pipe(list(args[0]), call("%add")))
		case "IN":
			become(t, call("any", call("%==", args[0], identity()), identity()))
		case "INDEX":
			args[0] = pipe(args[0], call("%tostring"))
		case "del":
			become(t, pipe(call("%size"), call("del", args[0])))
		case "getpath":
			if grows {
				args[0] = pipe(args[0], call("%path"))
			}
		case "fromstream":
			args[0] = pipe(args[0], call("%event"))
		case "format":
			w.fault("format", "format takes its format from the record; write one such as @json")
		case "test", "match", "capture", "scan", "splits":
			w.regexp(t, f, 1)
		}
	case 2:
		switch f.Name {
		case "IN":
			become(t, call("any", call("%==", args[0], args[1]), identity()))
		case "INDEX":
			args[1] = pipe(args[1], call("%tostring"))
		case "setpath":
			args[0] = pipe(args[0], call("%path"))
		case "test", "match", "capture", "scan", "splits", "split":
			w.regexp(t, f, 1)
		case "sub", "gsub":
			w.regexp(t, f, 2)
		}
	case 3:
		if f.Name == "sub" || f.Name == "gsub" {
			w.regexp(t, f, 2)
		}
	}
}

// regexp puts a guard before the call of a function with a regular expression. The
// argument at flags has its flags, if there is one.
func (w *rewriter) regexp(t *gojq.Term, f *gojq.Func, flags int) {
	const re, options = "$%re", "$%flags"
	args := append([]*gojq.Query(nil), f.Args...)
	args[0] = call(re)
	option := null()
	if flags < len(args) {
		args[flags], option = call(options), call(options)
	}
	body := pipe(call("%regexp", call(re), option), call(f.Name, args...))
	if flags < len(args) {
		body = bind(f.Args[flags], options, body)
	}
	become(t, bind(f.Args[0], re, body))
}

// become replaces a term, but not what follows it.
func become(t *gojq.Term, q *gojq.Query) {
	*t = gojq.Term{Type: gojq.TermTypeQuery, Query: q, SuffixList: t.SuffixList}
}

func call(name string, args ...*gojq.Query) *gojq.Query {
	return &gojq.Query{Term: &gojq.Term{Type: gojq.TermTypeFunc, Func: &gojq.Func{Name: name, Args: args}}}
}

func pipe(a, b *gojq.Query) *gojq.Query { return &gojq.Query{Left: a, Op: gojq.OpPipe, Right: b} }

func bind(value *gojq.Query, name string, body *gojq.Query) *gojq.Query {
	return &gojq.Query{Left: value, Op: gojq.OpPipe, Patterns: []*gojq.Pattern{{Name: name}}, Right: body}
}

func list(q *gojq.Query) *gojq.Query {
	return &gojq.Query{Term: &gojq.Term{Type: gojq.TermTypeArray, Array: &gojq.Array{Query: q}}}
}

func identity() *gojq.Query { return &gojq.Query{Term: &gojq.Term{Type: gojq.TermTypeIdentity}} }

func null() *gojq.Query { return &gojq.Query{Term: &gojq.Term{Type: gojq.TermTypeNull}} }

// isScalar reports whether a query is a literal that is no list and no object.
func isScalar(q *gojq.Query) bool {
	if q.Term == nil || len(q.Term.SuffixList) > 0 || len(q.FuncDefs) > 0 {
		return false
	}
	switch q.Term.Type {
	case gojq.TermTypeNull, gojq.TermTypeTrue, gojq.TermTypeFalse, gojq.TermTypeNumber:
		return true
	default:
		return q.Term.Type == gojq.TermTypeString && q.Term.Str.Queries == nil
	}
}

// isShort reports whether a query is the literal name of a field, or a small index.
func isShort(q *gojq.Query) bool {
	return isScalar(q) && (q.Term.Type != gojq.TermTypeNumber || len(q.Term.Number) <= 3 && strings.Trim(q.Term.Number, "0123456789") == "")
}

func compares(op gojq.Operator) bool { return op >= gojq.OpEq && op <= gojq.OpLe }
