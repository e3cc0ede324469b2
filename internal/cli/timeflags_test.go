package cli

import (
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"fanout/lambda"
)

// Every flag for a time takes both forms: none is one of pflag's own durations, and
// none takes only a number of seconds.
func TestEveryTimeIsADuration(t *testing.T) {
	times := 0
	for _, cmd := range commands(newRoot(lambda.Builtin())) {
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if typ := f.Value.Type(); typ == "duration" || typ == "seconds" || typ == "durationSlice" {
				times++
				checkTimeFlag(t, cmd, f)
				return
			}
			switch value, _ := pflag.UnquoteUsage(f); value {
			case "SECONDS", "TIME", "DURATION":
				t.Errorf("%s --%s is a %s", cmd.CommandPath(), f.Name, f.Value.Type())
			}
		})
	}
	if times < 10 {
		t.Errorf("there are %d flags that take a time", times)
	}
}

func checkTimeFlag(t *testing.T, cmd *cobra.Command, f *pflag.Flag) {
	t.Helper()
	for text, want := range map[string][]string{"90": {"1m30s", "90"}, "2m": {"2m0s", "120"}} {
		fresh, _, err := newRoot(lambda.Builtin()).Find(strings.Fields(cmd.CommandPath())[1:])
		if err != nil {
			t.Fatal(err)
		}
		flag := fresh.Flags().Lookup(f.Name)
		if err := flag.Value.Set(text); err != nil || !slices.Contains(want, flag.Value.String()) {
			t.Errorf("%s --%s %s: %s, %v", cmd.CommandPath(), f.Name, text, flag.Value, err)
		}
	}
}
