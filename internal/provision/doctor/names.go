package doctor

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/smithy-go"
)

// stream returns the stream behind a mapping's source, which may be a consumer.
func stream(source string) string {
	s, _, _ := strings.Cut(source, "/consumer/")
	return s
}

// call names the call that failed.
func call(err error) string {
	if op, ok := errors.AsType[*smithy.OperationError](err); ok {
		return op.Service() + " " + op.Operation()
	}
	return "it"
}

// counted writes a number of things.
func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// short writes 15m0s as 15m.
func short(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
