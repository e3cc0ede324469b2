package main

import (
	"strings"
	"testing"
)

func TestPassed(t *testing.T) {
	const functions = `fanout/bench/path/main.go:12:	main	50.0%
fanout/engine/queue.go:10:	*queue.next	80.0%
fanout/engine/queue.go:20:	*queue.take	0.0%
fanout/engine/queue.go:30:	*queue.fail	0.1%
fanout/engine/retry.go:10:	Retry.wait	0.0%
fanout/lambda/handler.go:10:	*Handler.Invoke	100.0%
total	(statements)	12.1%
`
	var b strings.Builder
	if err := write(&b, passed(functions)); err != nil {
		t.Fatal(err)
	}
	const want = `fanout/engine/queue.go: *queue.next, *queue.fail
fanout/lambda/handler.go: *Handler.Invoke
2 files, 3 functions
`
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", &b, want)
	}
}
