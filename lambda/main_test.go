package lambda_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"

	"fanout/internal/testing/testenv"
)

func TestMain(m *testing.M) {
	testenv.Clear()
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "AKIAFUNCTION", "AWS_SECRET_ACCESS_KEY": "made up", "AWS_REGION": "eu-west-1",
	} {
		_ = os.Setenv(name, value)
	}
	goleak.VerifyTestMain(m)
}
