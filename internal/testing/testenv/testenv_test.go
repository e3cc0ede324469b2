package testenv_test

import (
	"os"
	"testing"

	"fanout/internal/testing/testenv"
)

func TestClear(t *testing.T) {
	for _, name := range []string{"AWS_REGION", "AWS_PROFILE", "FANOUT_TABLE", "COLUMNS", "AWS_CONFIG_FILE"} {
		t.Setenv(name, "mine")
	}
	t.Setenv("OTHER", "kept")
	testenv.Clear()
	for _, name := range []string{"AWS_REGION", "AWS_PROFILE", "FANOUT_TABLE", "COLUMNS"} {
		if value, set := os.LookupEnv(name); set {
			t.Errorf("%s is still %q", name, value)
		}
	}
	if os.Getenv("OTHER") != "kept" || os.Getenv("AWS_CONFIG_FILE") != os.DevNull {
		t.Error("other variables changed, or the configuration file is the caller's")
	}
}
