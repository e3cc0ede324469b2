package harness

import (
	"context"
	"errors"
	"os"
	"testing"

	"github.com/aws/aws-lambda-go/lambda"
	"go.uber.org/goleak"
)

// TestMain is also the function under test: a variable sets its behavior.
func TestMain(m *testing.M) {
	switch os.Getenv("BENCH_TEST_FUNCTION") {
	case "answer":
		lambda.Start(func(context.Context) error { return nil })
	case "answer once":
		events := 0
		lambda.Start(func(context.Context) error {
			if events++; events > 1 {
				return errors.New("once was enough")
			}
			return nil
		})
	case "fail":
		lambda.Start(func(context.Context) error { return errors.New("it cannot") })
	case "end":
		os.Exit(3)
	default:
		goleak.VerifyTestMain(m)
	}
}
