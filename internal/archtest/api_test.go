package archtest

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files")

// public are the packages that other modules may import.
var public = []string{
	"engine", "engine/enginetest", "stages", "lambda", "command",
	"sinks", "sinks/account", "sinks/awsenv", "sinks/builtin", "sinks/dynamodb", "sinks/es", "sinks/eventbridge", "sinks/file", "sinks/firehose", "sinks/http", "sinks/iot", "sinks/kinesis", "sinks/lambda", "sinks/memcached", "sinks/redis", "sinks/s3", "sinks/sns", "sinks/sqs", "sinks/stepfunctions",
}

// engineLines bounds the declarations of the engine.
const engineLines = 200

var (
	heading = regexp.MustCompile(`^[A-Z]+$`)
	remark  = regexp.MustCompile(`\s+// .*`)
)

// The exported declarations of public packages are in golden files, so that a review
// sees each change of them.
func TestAPI(t *testing.T) {
	for _, path := range public {
		cmd := exec.Command("go", "doc", "-all", "./"+path)
		cmd.Dir = filepath.Join("..", "..")
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		got := declarations(string(out))
		golden := filepath.Join("testdata", "api", strings.ReplaceAll(path, "/", "_")+".txt")
		if *update {
			if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("the exported API of %s changed (go test ./internal/archtest -run TestAPI -update writes it):\n%s", path, diff)
		}
		if n := strings.Count(got, "\n"); path == "engine" && n > engineLines {
			t.Errorf("the engine exports %d lines of declarations; the bound is %d", n, engineLines)
		}
	}
}

// declarations returns the declarations in the output of go doc, without comments.
func declarations(doc string) string {
	var b strings.Builder
	begun := false // behind the package's comment
	for line := range strings.Lines(doc) {
		line = strings.TrimRight(remark.ReplaceAllString(line, ""), "\n")
		begun = begun || heading.MatchString(line)
		switch {
		case !begun, strings.TrimSpace(line) == "", strings.HasPrefix(line, "    "), heading.MatchString(line), strings.HasPrefix(strings.TrimSpace(line), "//"):
		default:
			b.WriteString(line + "\n")
		}
	}
	return strings.ReplaceAll(b.String(), " struct {\n}\n", " struct{}\n") // of types without exported fields
}
