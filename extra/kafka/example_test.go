package kafka

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"fanout/lambda"
)

// TestExample asserts that the targets of the documentation are those of the example, without
// faults.
func TestExample(t *testing.T) {
	root := filepath.Join("..", "..")
	page, err := os.ReadFile(filepath.Join(root, "docs", "kafka.md"))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(root, "examples", "kafka", "targets.yaml")
	example, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindStringSubmatch(string(page))
	if block == nil || block[1] != string(example) {
		t.Error("docs/kafka.md has other targets than examples/kafka/targets.yaml")
	}
	catalog, err := lambda.CatalogWith(Extension()...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := catalog.OpenFile(file); err != nil {
		t.Error(err)
	}
	if n := strings.Count(string(example), "type: kafka"); n != 2 {
		t.Errorf("%d targets", n)
	}
}
