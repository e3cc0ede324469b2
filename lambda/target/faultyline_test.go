package target

import (
	"fmt"
	"strings"
	"testing"
)

// A file that cannot be read is named with the line to look at.
func TestFaultyLine(t *testing.T) {
	const head = "# targets\ntargets:\n  - sourceArn: a\n    id: x\n"
	for name, tt := range map[string]struct {
		text string
		line int
	}{
		"a tab":                {head + "\tactive: true\n", 5},
		"too little space":     {head + "   active: true\n", 5},
		"too much space":       {head + "      active: true\n", 5},
		"no colon":             {head + "    active true\n    type: sqs\n", 5},
		"a colon too many":     {head + "    type: a: b\n    active: true\n", 5},
		"an open quote":        {head + "    type: \"sqs\n    active: true\n", 5},
		"an open list":         {head + "    type: [sqs\n    active: true\n", 5},
		"an open mapping":      {head + "  - {sourceArn: a,\n     id: b\n  - c: d\n", 5},
		"an unknown anchor":    {head + "    type: *none\n    active: true\n", 5},
		"text behind quotes":   {head + "    type: \"sqs\" x\n", 5},
		"behind a long text":   {head + "    type: |\n      one\n      two\n   active: true\n", 8},
		"behind an anchor":     {"x: &a\n  b: c\n" + head + "    <<: *a\n   y: z\n", 8},
		"behind CRLF":          {strings.ReplaceAll(head, "\n", "\r\n") + "   y: z\r\n", 5},
		"without a last line":  {head + "   y: z", 5},
		"the first line":       {"targets: [\n", 1},
		"JSON without a comma": {"{\n  \"targets\": [\n    {\"id\": \"a\"}\n    {\"id\": \"b\"}\n  ]\n}\n", 4},
		"JSON that ends early": {"{\n  \"targets\": [\n    {\"id\": \"a\"}\n\n\n", 3},
	} {
		_, err := catalog.parseFile("t.yaml", []byte(tt.text))
		if want := fmt.Sprintf("t.yaml:%d: the file is neither YAML nor JSON: ", tt.line); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v, want line %d", name, err, tt.line)
		}
	}
}
