package jq

import (
	"encoding/json"
	"math/big"
	"sync"

	"github.com/itchyny/gojq"
)

// guard is a function that counts its work.
type guard struct {
	name    string // of the function or operator of gojq
	program string // that calls it, with the arguments $a and $b; "": the guard returns its input
	arity   int
	work    func(m *meter, v any, args []any) error
}

// guards are the functions of gojq that may take long or much memory in one step, with
// the work that they do. A program calls "%" + name instead (rewrite.go). It is a list,
// because a map would be filled at the start of every function.
var guards = []guard{
	{"+", "$a + $b", 2, both}, {"-", "$a - $b", 2, product}, {"*", "$a * $b", 2, times}, {"/", "$a / $b", 2, split}, {"%", "$a % $b", 2, both},
	{"==", "$a == $b", 2, both}, {"!=", "$a != $b", 2, both}, {"<", "$a < $b", 2, both},
	{">", "$a > $b", 2, both}, {"<=", "$a <= $b", 2, both}, {">=", "$a >= $b", 2, both},

	{"tojson", "tojson", 0, text}, {"tostring", "tostring", 0, text}, {"tonumber", "tonumber", 0, digits}, {"fromjson", "fromjson", 0, parsed},
	{"ascii_downcase", "ascii_downcase", 0, input}, {"ascii_upcase", "ascii_upcase", 0, input},
	{"explode", "explode", 0, pieces}, {"implode", "implode", 0, input}, {"split", "split($a)", 1, pieces},
	{"join", "join($a)", 1, joined}, {"add", "add", 0, input}, {"flatten", "flatten", 0, input}, {"flatten", "flatten($a)", 1, input},
	{"reverse", "reverse", 0, input}, {"transpose", "transpose", 0, transposed}, {"keys", "keys", 0, input},
	{"sort", "sort", 0, input}, {"unique", "unique", 0, input}, {"min", "min", 0, input}, {"max", "max", 0, input},
	{"_sort_by", "_sort_by($a)", 1, inputs}, {"_group_by", "_group_by($a)", 1, inputs}, {"_unique_by", "_unique_by($a)", 1, inputs},
	{"_min_by", "_min_by($a)", 1, inputs}, {"_max_by", "_max_by($a)", 1, inputs}, {"bsearch", "bsearch($a)", 1, inputs},
	{"contains", "contains($a)", 1, product}, {"inside", "inside($a)", 1, product}, {"indices", "indices($a)", 1, product},
	{"index", "index($a)", 1, product}, {"rindex", "rindex($a)", 1, product}, {"delpaths", "delpaths($a)", 1, inputs},

	{"_tohtml", "@html", 0, text}, {"_touri", "@uri", 0, text}, {"_tourid", "@urid", 0, text}, {"_tocsv", "@csv", 0, text},
	{"_totsv", "@tsv", 0, text}, {"_tosh", "@sh", 0, text}, {"_tobase64", "@base64", 0, text}, {"_tobase64d", "@base64d", 0, text},

	// These come before or behind a function.
	{"size", "", 0, input},
	{"step", "", 0, index},
	{"newstep", "", 0, newIndex},
	{"path", "", 0, newPath},
	{"event", "", 0, newEvent},
	{"regexp", "", 2, pattern},
}

// guardOf returns the name of the guard of a function, or "".
func guardOf(name string, arity int) string {
	for i := range guards {
		if g := &guards[i]; g.name == name && g.arity == arity {
			return "%" + name
		}
	}
	return ""
}

// options returns the compiler options that define the guards for the runs of m.
func (m *machine) options() []gojq.CompilerOption {
	all := []gojq.CompilerOption{gojq.WithVariables(variables[:])}
	for i := range guards {
		g := &guards[i]
		all = append(all, gojq.WithFunction("%"+g.name, g.arity, g.arity, func(v any, args []any) any {
			if err := g.work(&m.meter, v, args); err != nil {
				return err
			}
			if g.program == "" {
				return v
			}
			return m.call(g.program, v, args)
		}))
	}
	return all
}

// natives are the compiled programs of guards.
var natives sync.Map // of *gojq.Code by program

// call calls a function of gojq.
func (m *machine) call(program string, v any, args []any) any {
	switch program {
	case "$a == $b":
		return gojq.Compare(args[0], args[1]) == 0
	case "$a != $b":
		return gojq.Compare(args[0], args[1]) != 0
	case "$a + $b":
		if a, ok := args[0].(string); ok {
			if b, ok := args[1].(string); ok {
				return a + b
			}
		}
	case "tostring":
		if s, ok := v.(string); ok {
			return s
		}
	}
	code, ok := natives.Load(program)
	if !ok {
		q, err := gojq.Parse(program)
		if err != nil {
			return err
		}
		compiled, err := gojq.Compile(q, gojq.WithVariables([]string{"$a", "$b"}))
		if err != nil {
			return err
		}
		code, _ = natives.LoadOrStore(program, compiled)
	}
	var values [2]any
	copy(values[:], args)
	result, _ := code.(*gojq.Code).Run(v, values[:]...).Next()
	if n, ok := result.(*big.Int); ok && n.BitLen() > maxBits {
		return m.meter.exceeds(errDigits)
	}
	return result
}

// maxDigits is how long a number may be that a program computes with, because the time
// grows faster than the digits do.
const (
	maxDigits = 1000
	maxBits   = maxDigits * 10 / 3
)

// valueBytes is the memory of a value in a list.
const valueBytes = 16

// walk counts the size of a value, up to the work that is left. A list that is in a value
// many times counts as often, because functions go through it as often.
type walk struct {
	left int
	err  bound // "": none
}

func (w *walk) value(v any, depth int) {
	w.left -= valueBytes
	switch v := v.(type) {
	case string:
		w.left -= len(v)
	case json.Number:
		if w.left -= len(v); len(v) > maxDigits {
			w.err = errDigits
		}
	case []any:
		for i := 0; i < len(v) && w.goesOn(depth); i++ {
			w.value(v[i], depth+1)
		}
	case map[string]any:
		for name, member := range v {
			if !w.goesOn(depth) {
				return
			}
			w.left -= len(name) + valueBytes
			w.value(member, depth+1)
		}
	}
}

func (w *walk) goesOn(depth int) bool {
	if w.err == "" && w.left < 0 {
		w.err = errWork
	}
	if w.err == "" && depth > MaxDepth {
		w.err = errDepth
	}
	return w.err == ""
}

// size returns the size of values, or an error that ends the run.
func (m *meter) size(values ...any) (int, error) {
	w := walk{left: m.work}
	for _, v := range values {
		w.value(v, 0)
	}
	if w.left < 0 && w.err == "" {
		w.err = errWork
	}
	if w.err != "" {
		return 0, m.exceeds(w.err)
	}
	return m.work - w.left, nil
}

// chargeFor charges factor times the size of values.
func (m *meter) chargeFor(factor int, values ...any) error {
	n, err := m.size(values...)
	if err != nil {
		return err
	}
	return m.charge(factor * n)
}

// input is the work of going through the input.
func input(m *meter, v any, _ []any) error { return m.chargeFor(1, v) }

// inputs is the work of going through the input and the arguments.
func inputs(m *meter, v any, args []any) error {
	return m.chargeFor(1, append([]any{v}, args...)...)
}

// both is the work of going through both operands.
func both(m *meter, _ any, args []any) error { return m.chargeFor(1, args[0], args[1]) }

// textFactor is how much longer text gets when it is escaped.
const textFactor = 6

func text(m *meter, v any, _ []any) error {
	if s, ok := v.(string); ok {
		return m.charge(len(s))
	}
	return m.chargeFor(textFactor, v)
}

// pieces is the work of making a value of every character of the input.
func pieces(m *meter, v any, _ []any) error { return m.chargeFor(2*valueBytes, v) }

// split is the work of dividing, which splits text.
func split(m *meter, _ any, args []any) error {
	if s, ok := args[0].(string); ok {
		return pieces(m, s, nil)
	}
	return both(m, nil, args)
}

// parsed is the work of parsing JSON.
func parsed(m *meter, v any, _ []any) error {
	s, ok := v.(string)
	if !ok {
		return nil
	}
	return m.charge(len(s) * valueBytes)
}

// digits bounds the length of a number in text.
func digits(m *meter, v any, _ []any) error {
	if s, ok := v.(string); ok && len(s) > maxDigits {
		return m.exceeds(errDigits)
	}
	return nil
}

// times is the work of multiplying, which repeats text.
func times(m *meter, _ any, args []any) error {
	for i, v := range args {
		s, ok := v.(string)
		n, number := gojq.ToFloat64(args[1-i])
		if ok && number && n > 0 {
			if n*float64(len(s)) > float64(m.work) {
				return m.exceeds(errWork)
			}
			return m.charge(int(n * float64(len(s))))
		}
	}
	return both(m, nil, args)
}

// joined is the work of joining text.
func joined(m *meter, v any, args []any) error {
	between := 0
	if s, ok := args[0].(string); ok {
		switch v := v.(type) {
		case []any:
			between = len(v) * len(s)
		case map[string]any:
			between = len(v) * len(s)
		}
	}
	if err := m.charge(between); err != nil {
		return err
	}
	return m.chargeFor(1, v)
}

// transposed is the work of filling a table.
func transposed(m *meter, v any, _ []any) error {
	rows, _ := v.([]any)
	columns := 0
	for _, row := range rows {
		list, _ := row.([]any)
		columns = max(columns, len(list))
	}
	return m.charge(len(rows) * columns * valueBytes)
}

// product is the work of comparing each part of one value with each part of the other.
func product(m *meter, v any, args []any) error {
	a, b := v, args[0]
	if len(args) == 2 { // of an operator
		a, b = args[0], args[1]
	}
	x, err := m.size(a)
	if err != nil {
		return err
	}
	y, err := m.size(b)
	if err != nil {
		return err
	}
	return m.charge(x*y/(valueBytes*valueBytes) + x + y)
}

// farIndex is an index from which on it counts how far a list must grow for it.
const farIndex = 1 << 10

// errIndex says that a list is no index. With one, gojq compares lists part by part.
const errIndex bound = "the program has a list as an index; use indices"

// index is the work of looking up an index.
func index(_ *meter, v any, _ []any) error {
	if _, ok := v.([]any); ok {
		return errIndex
	}
	return nil
}

// newIndex is the work of making a list long enough for an index.
func newIndex(m *meter, v any, _ []any) error {
	if err := index(m, v, nil); err != nil {
		return err
	}
	n, ok := gojq.ToInt(v)
	if !ok || n < farIndex {
		return nil
	}
	if n > MaxWork/valueBytes {
		return m.exceeds(errWork)
	}
	return m.charge(2 * n)
}

// newPath is the work of making the lists of a path.
func newPath(m *meter, v any, _ []any) error {
	path, _ := v.([]any)
	for _, step := range path {
		if err := newIndex(m, step, nil); err != nil {
			return err
		}
	}
	return nil
}

// newEvent is the work for an event of a stream: a path and a value.
func newEvent(m *meter, v any, _ []any) error {
	if event, _ := v.([]any); len(event) > 0 {
		return newPath(m, event[0], nil)
	}
	return nil
}

// pattern is the work of matching a regular expression, with its text and flags as
// arguments. The time of a match is in proportion to the text and the states of the
// expression. gojq counts the characters before each match.
func pattern(m *meter, v any, args []any) error {
	s, ok := v.(string)
	re, isText := args[0].(string)
	if list, isList := args[0].([]any); isList && len(list) > 0 { // text and flags
		re, isText = list[0].(string)
	}
	if !ok || !isText {
		return nil
	}
	m.patterns++
	return m.charge((len(s) + 1) * (statesOf(re)/statesPerByte + len(s)/charactersPerByte + 1))
}

const (
	maxRepeats        = 1000 // that Go allows in an expression
	statesPerByte     = 8    // that take as long as a byte of other work
	charactersPerByte = 256  // the same, of characters that are counted
)

// statesOf estimates the states of a regular expression from above.
func statesOf(re string) int {
	repeats, n := 1, 0
	for i := 0; i < len(re); i++ {
		switch c := re[i]; {
		case '0' <= c && c <= '9':
			n = min(10*n+int(c-'0'), maxRepeats)
			continue
		case c == '}' || c == ',':
			repeats = min(repeats*max(n, 1), maxRepeats)
		}
		n = 0
	}
	return len(re) * repeats
}
