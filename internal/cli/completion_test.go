package cli

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"fanout/internal/cli/ui"
	"fanout/internal/testing/clitest"
	"fanout/lambda"
)

// completed returns the shell's completions of a command line, without descriptions,
// and the directive about files.
func completed(t *testing.T, args ...string) ([]string, cobra.ShellCompDirective) {
	t.Helper()
	var out, errs bytes.Buffer
	if status := execute(append([]string{cobra.ShellCompNoDescRequestCmd}, args...), strings.NewReader(""), &out, &errs); status != exitOK {
		t.Fatalf("completion of %q: exit status %d:\n%s", args, status, &errs)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	var directive cobra.ShellCompDirective
	if _, err := fmt.Sscanf(lines[len(lines)-1], ":%d", &directive); err != nil {
		t.Fatalf("completion of %q: no directive:\n%s", args, &out)
	}
	return lines[:len(lines)-1], directive
}

// Commands are completed, and the flags of each.
func TestCompletionOfCommandsAndFlags(t *testing.T) {
	root := newRoot(lambda.Builtin())
	got, directive := completed(t, "")
	for _, cmd := range commands(root)[1:] {
		if slices.Contains(got, cmd.Name()) == cmd.Hidden {
			t.Errorf("%s: hidden %t, and among those proposed %t", cmd.Name(), cmd.Hidden, !cmd.Hidden)
		}
		path := strings.Fields(cmd.CommandPath())[1:]
		flags, _ := completed(t, append(path, "--")...)
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
			proposed := slices.ContainsFunc(flags, func(s string) bool { return strings.TrimSuffix(s, "=") == "--"+f.Name })
			if proposed == f.Hidden {
				t.Errorf("%s: --%s is hidden %t, and proposed %t", cmd.CommandPath(), f.Name, f.Hidden, proposed)
			}
		})
	}
	if directive != cobra.ShellCompDirectiveNoFileComp {
		t.Errorf("files are proposed as commands: %d", directive)
	}
	if got, _ := completed(t, "re"); !slices.Equal(got, []string{"redrive", "register", "replay", "resume"}) {
		t.Errorf("re: %q", got)
	}
}

// Every flag with a few words proposes them. Flags for files propose files, and no
// other flag does.
func TestCompletionOfValues(t *testing.T) {
	for name, value := range clitest.ClientEnv("http://127.0.0.1:1", "http://127.0.0.1:1") {
		t.Setenv(name, value)
	}
	t.Setenv("AWS_REGION", "") // so no names are looked up
	for _, cmd := range commands(newRoot(lambda.Builtin())) {
		path := strings.Fields(cmd.CommandPath())[1:]
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if f.Value.Type() == "bool" {
				return
			}
			name := cmd.CommandPath() + " --" + f.Name
			got, directive := completed(t, append(path, "--"+f.Name, "")...)
			const files = cobra.ShellCompDirectiveFilterFileExt | cobra.ShellCompDirectiveFilterDirs
			value, _ := pflag.UnquoteUsage(f)
			if wantsFiles := value == "FILE" || value == "DIR"; wantsFiles != (directive == cobra.ShellCompDirectiveDefault || directive&files != 0) {
				t.Errorf("%s %s: directive %d", name, value, directive)
			}
			if c, ok := f.Value.(ui.Chooser); ok {
				if diff := cmp.Diff(c.Choices(), got); diff != "" {
					t.Errorf("%s:\n%s", name, diff)
				}
			}
			if f.Name == "starting-position" && !slices.Contains(got, "TRIM_HORIZON") {
				t.Errorf("%s: %q", name, got)
			}
		})
	}
}

// Arguments are completed for commands that take any.
func TestCompletionOfArguments(t *testing.T) {
	for _, tt := range []struct {
		args      string
		want      []string
		directive cobra.ShellCompDirective
	}{
		{"register ", lambda.Builtin().TypeNames(), cobra.ShellCompDirectiveNoFileComp},
		{"register k", []string{"kinesis"}, cobra.ShellCompDirectiveNoFileComp},
		{"completion ", []string{"bash", "zsh", "fish", "powershell"}, cobra.ShellCompDirectiveNoFileComp},
		{"apply ", []string{"yaml", "yml", "json"}, cobra.ShellCompDirectiveFilterFileExt},
		{"man ", []string{}, cobra.ShellCompDirectiveFilterDirs},
		{"list ", []string{}, cobra.ShellCompDirectiveNoFileComp},
		{"run --explain=", []string{}, cobra.ShellCompDirectiveNoFileComp},
	} {
		got, directive := completed(t, strings.Split(tt.args, " ")...)
		if diff := cmp.Diff(tt.want, got); diff != "" || directive != tt.directive {
			t.Errorf("%q: directive %d, want %d\n%s", tt.args, directive, tt.directive, diff)
		}
	}
}
